"""A hand that works the designer's pages, as an administrator without JSON would."""

from contextlib import contextmanager

SCHEMAS = "/admin/schemas/"


class Designer:
    """A page of the designer in a browser."""

    def __init__(self, page):
        self.page = page

    def start_draft(self, edition, title):
        page = self.page
        page.goto(f"{SCHEMAS}?edition={edition}")
        page.get_by_role("button", name="新建草稿").click()
        page.wait_for_url("**/drafts/*/")
        page.get_by_label("草稿的名称", exact=True).fill(title)
        page.get_by_role("button", name="改名称").click()
        page.wait_for_load_state()

    def add_form(self, code, title):
        """Make an empty form; comes to its page."""
        page = self.page
        page.get_by_label("名称", exact=True).fill(title)
        page.get_by_label("表号", exact=True).fill(code)
        page.get_by_role("button", name="添加这张表").click()
        page.wait_for_url(f"**/forms/{code}/")

    def add_field(self, label, kind, target=""):
        """Add a field; its panel is open then."""
        form = self.page.locator("[data-add]")
        form.locator("[name=label]").fill(label)
        form.locator("[name=kind]").select_option(label=kind)
        if target:
            form.locator("[name=target]").select_option(target)
        with self.saving():
            form.locator("button").click()
        self.page.locator("h2", has_text=f"正在改：{label}").wait_for()

    def open_field(self, label):
        rows = self.page.locator("[data-part=outline]")
        with self.page.expect_response("**/look"):
            rows.get_by_role("button", name=label, exact=True).click()
        self.page.locator("h2", has_text=f"正在改：{label}").wait_for()

    def set(self, label, value):
        """Type into a control of the open panel."""
        control = self.panel.get_by_label(label, exact=True)
        with self.saving():
            control.fill(value)
            control.blur()

    def choose(self, label, value):
        with self.saving():
            self.panel.get_by_label(label, exact=True).select_option(value)

    def tick(self, label):
        with self.saving():
            self.panel.get_by_label(label, exact=True).check()

    def write(self, label, *pieces):
        """Put an expression together by clicks.

        A piece is a field by its label, or a sign of the buttons below.
        """
        box = self.panel.locator("[data-expr]").filter(
            has=self.page.get_by_label(label, exact=True)
        )
        with self.saving():
            for piece in pieces:
                sign = box.locator(f'[data-sign="{piece}"]')
                if sign.count():
                    sign.click()
                    continue
                options = box.locator("[data-insert] option").all_inner_texts()
                (chosen,) = [o for o in options if o.startswith(f"{piece}（")]
                box.locator("[data-insert]").select_option(label=chosen)
        told = box.locator("[data-told]")
        told.filter(has_text="。").or_(told.locator("*")).first.wait_for()

    def add_rule(self, message, *pieces):
        rules = self.page.locator("[data-part=rules] li").count()
        with self.saving():
            self.page.get_by_role("button", name="添加规则").click()
        self.page.locator("h2", has_text=f"正在改：规则 {rules + 1}").wait_for()
        self.set("不成立时给填报人看的话", message)
        self.write("应当成立的条件", *pieces)
        with self.saving():
            self.panel.get_by_role("button", name="用条件里的字段").click()

    @property
    def panel(self):
        return self.page.locator("[data-part=side]")

    @property
    def faults(self):
        """What lint says at the moment."""
        found = self.page.locator("[data-part=lint] .lint:has(.is-error)")
        return [text.strip() for text in found.all_inner_texts()]

    @contextmanager
    def saving(self):
        """What is done within comes to be stored."""
        with self.page.expect_response(lambda a: a.url.endswith("/act")) as answer:
            yield
        assert answer.value.ok, answer.value.text()
        self.page.locator("[data-saved]", has_text="已存").wait_for()
