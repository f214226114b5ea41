"""The modules of the page are one script: in the order of their imports, each name once."""

import re
from pathlib import Path

import pytest

from thinkalike.explorer.bundle import PAGE, joined_modules

A = 'import { b, c } from "./b.js";\nimport {\n  d,\n} from "./d.js";\nexport const a = b + d;\n'
B = 'import { d } from "./d.js";\nexport function b() {\n  return d;\n}\nexport class c {}\n'
D = "/** A number. */\nexport const d = 1;\nexport async function e() {}\nexport {};\n"


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def test_modules_stand_in_the_order_of_their_imports_without_them(tmp_path):
    joined = joined_modules(write(tmp_path, main=A, b=B, d=D))
    assert re.findall(r"^// (\S+)", joined, re.MULTILINE) == ["d.js", "b.js", "main.js"]
    assert "import" not in joined
    assert "export" not in joined
    assert "async function e() {}" in joined


def test_two_modules_with_one_name_are_refused(tmp_path):
    folder = write(tmp_path, main=A, b=B, d=D + "function a() {}\n")
    with pytest.raises(ValueError, match=r"a stands in d\.js and in main\.js"):
        joined_modules(folder)


@pytest.mark.parametrize(
    "line",
    [
        'import * as d from "./d.js";',
        'import d from "./d.js";',
        "export default 1;",
        'export { d } from "./d.js";',
        "export { d };",
    ],
)
def test_other_imports_and_exports_are_refused(tmp_path, line):
    with pytest.raises(ValueError, match="cannot be joined"):
        joined_modules(write(tmp_path, main=f"{line}\n", d=D))


def test_modules_that_import_each_other_are_refused(tmp_path):
    first, second = 'import { y } from "./y.js";\n', 'import { x } from "./main.js";\n'
    with pytest.raises(ValueError, match=r"main\.js → y\.js → main\.js"):
        joined_modules(write(tmp_path, main=first, y=second))


def test_the_page_has_all_its_modules():
    joined = joined_modules()
    assert set(re.findall(r"^// (\S+\.js)$", joined, re.MULTILINE)) == {
        path.name for path in PAGE.glob("*.js") if path.name != "types.js"
    }
