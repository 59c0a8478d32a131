"""Files are replaced in one step, whoever else replaces them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packages_store.files import Disk


def test_a_file_that_several_replace_at_once_is_wholly_one_of_their_texts(tmp_path: Path) -> None:
    disk = Disk()
    path = tmp_path / "memory.md"
    texts = [bytes([65 + number]) * 50_000 for number in range(8)]

    with ThreadPoolExecutor(len(texts)) as threads:
        for _ in range(20):
            list(threads.map(lambda text: disk.replace(path, text), texts))
            assert path.read_bytes() in texts

    assert [file.name for file in tmp_path.iterdir()] == ["memory.md"]
