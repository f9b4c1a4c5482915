#!/usr/bin/env bash
# Installs what the tests need beside Python packages: Chromium, LibreOffice Calc and a
# Chinese font. Where it may not, it names what is missing; with CI=true it then fails.
set -euo pipefail

# Debian's Chromium without windows takes half the time; where it cannot be had, any
# other will do.
SHELL_PACKAGE=chromium-headless-shell

missing() {
    command -v "$SHELL_PACKAGE" >/dev/null ||
        command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || echo chromium
    command -v soffice >/dev/null || command -v libreoffice >/dev/null || echo libreoffice
    [ -n "$(fc-list :lang=zh family 2>/dev/null | head -n 1)" ] || echo fonts
}

install() {
    case $1 in
        chromium) install_packages "$SHELL_PACKAGE" || install_packages chromium ;;
        libreoffice) install_packages "$(calc_package)" ;;
        fonts) install_packages fonts-noto-cjk fontconfig ;;
    esac
}

install_packages() {
    echo "Installing $* ..."
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet \
        --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

may_install() {
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]
}

knows_shell() {
    apt-cache show "$SHELL_PACKAGE" >/dev/null 2>&1
}

calc_package() {
    if apt-cache show libreoffice-calc-nogui >/dev/null 2>&1; then
        echo libreoffice-calc-nogui
    else
        echo libreoffice-calc
    fi
}

mapfile -t wanted < <(missing)
if [ ${#wanted[@]} -eq 0 ]; then
    if ! command -v "$SHELL_PACKAGE" >/dev/null && may_install && knows_shell; then
        install_packages "$SHELL_PACKAGE" || true
    fi
    exit 0
fi

if may_install; then
    apt-get update --quiet --quiet -o DPkg::Lock::Timeout=300 >/dev/null || true
    # One by one: a package that is not to be had must not keep the others away.
    for thing in "${wanted[@]}"; do
        install "$thing" || true
    done
    mapfile -t wanted < <(missing)
fi

if [ ${#wanted[@]} -gt 0 ]; then
    echo "Not on this machine and not installed: ${wanted[*]}." >&2
    echo "Tests that need them are skipped; CI=true fails instead." >&2
    [ "${CI:-}" != true ]
fi
