#!/usr/bin/env bash
# Installs what the tests need beside Python packages: Chromium, LibreOffice Calc and a
# Chinese font. Where it may not, it names what is missing; with CI=true it then fails.
set -euo pipefail

missing() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || echo chromium
    command -v soffice >/dev/null || command -v libreoffice >/dev/null || echo libreoffice
    [ -n "$(fc-list :lang=zh family 2>/dev/null | head -n 1)" ] || echo fonts
}

install() {
    local packages=()
    for thing in "$@"; do
        case $thing in
            chromium) packages+=(chromium) ;;
            libreoffice) packages+=("$(calc_package)") ;;
            fonts) packages+=(fonts-noto-cjk fontconfig) ;;
        esac
    done
    echo "Installing ${packages[*]} ..."
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet \
        --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}" >/dev/null
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
    exit 0
fi

if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
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
