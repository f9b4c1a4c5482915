"""Something to read in every column of a portal, as a nation would publish it."""

from datetime import date

from PIL import Image

from app.storage.files import FileOwner, keep_file
from tests.support.portal_world import NOW, PortalWorld

_TEXT = (
    "<h2>一、背景</h2><p>第一段，有<b>重点</b>，也有"
    '<a href="https://example.org/">外面的网页</a>。</p>'
    "<ul><li>第一条</li><li>第二条</li></ul>"
    "<table><tr><th>年份</th><th>集团</th></tr><tr><td>2024</td><td>12</td></tr></table>"
)


class PortalContent:
    """Published rows by the column that shows them, each as addresses name it."""

    def __init__(self, world: PortalWorld, folder):
        self._world, self._folder = world, folder
        self.document = self._keep("G8", "document_file", "意见.pdf", "application/pdf")
        self.keys = {
            column.id: world.publish(
                portal_column=column.title,
                title=f"{column.title}的一篇文章，标题说得清楚，也说得长一些",
                content=_TEXT,
                keywords="操作手册",
                author="通讯员",
                source="溪东省教育厅",
                is_top=column.id == "news",
            )
            for column in world.edition.portal.columns
            if column.source and column.source.id == "articles"
            if column.id not in ("manual", "case_news", "guide")
        }
        for day in range(1, 26):
            world.publish(title=f"第 {day} 号通知", published_date=date(2025, 2, day))
        self.keys["policies"] = self._add_policy()
        self.keys["cases"] = self._add_case()

    def _add_policy(self):
        policy = {
            "title": "关于推进集团化办学的意见",
            "issuing_org": "溪东省教育厅",
            "issued_date": date(2025, 1, 15),
            "region_code": "370000",
            "policy_level": "省级",
            "document_file": self.document,
            "summary": "推进校企合作。",
            "policy_status": "已收录",
        }
        return self._world.store("G8", "nation", NOW, policy)

    def _add_case(self):
        title = "共建产业学院"
        case = {
            "case_title": title,
            "summary": "学校和企业一起办学。",
            "submitter_level": "集团",
            "unit_name": "砚溪集团",
            "case_document": self._keep("G7.1", "case_document", "案例.doc"),
            "allow_publish": True,
        }
        key = self._world.store("G7.1", "alpha", NOW, case)
        photo = self._keep("G7.3", "photo", "校门.jpg", "image/jpeg")
        picture = {"case_title": title, "caption": "实训楼", "photo": photo}
        self._world.store("G7.3", "alpha", NOW, picture)
        self._world.set_state("G7.1", key, case_status="入选汇编")
        return key

    def _keep(self, code, field, name, media="application/msword"):
        """A file as somebody uploaded it for a field; gives its token."""
        world, path = self._world, self._folder / "file"
        if media == "image/jpeg":
            Image.new("RGB", (640, 480), "#336").save(path, "JPEG")
        else:
            path.write_bytes(b"%PDF-1.4\ncontent of a file")
        form = world.edition.by_code[code]
        owner = FileOwner(world.units["nation"], None, form.full_name, field)
        with world.engine.begin() as connection:
            return keep_file(connection, world.files, path, name, media, owner)
