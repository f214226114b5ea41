"""What a run removes and does not make anew is put back, with what Snakemake knew of it."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.disks import small_disk
from thinkalike.errors import InputError
from thinkalike.stores.durable import flush
from thinkalike.stores.folders import older, replace_folder, unfinished
from thinkalike.workflow.rollback import (
    Planned,
    UnreadableJournalError,
    begin,
    restore_kept,
    settle,
)

RUN = "a.host.4711.c0ffee"


class Memory:
    """Snakemake's records, as a dictionary."""

    def __init__(self, **records):
        self.records = records
        self.incomplete = set()

    def read(self, path):
        return self.records.get(Path(path).name)

    def write(self, path, record):
        self.records.pop(Path(path).name, None)
        if record is not None:
            self.records[Path(path).name] = record

    def is_incomplete(self, path):
        return path in self.incomplete

    def set_incomplete(self, path, incomplete):
        (self.incomplete.add if incomplete else self.incomplete.discard)(path)

    def flush(self, paths):
        pass


class Study:
    """A rule that makes maps.nc and maps.csv of weights, an hour ago."""

    def __init__(self, root: Path):
        self.root, self.journals = root, root / "journals"
        root.mkdir(exist_ok=True)
        self.outputs = [str(root / name) for name in ("maps.nc", "maps.csv")]
        self.input, self.log = str(root / "weights"), root / "maps.log"
        for path, hours in ((self.input, 2), (self.outputs[0], 1), (self.outputs[1], 1)):
            self.write(path, f"old {Path(path).name}", hours)
        self.log.write_text("as it was made")
        self.memory = Memory(**{"maps.nc": {"depth": 50}, "maps.csv": {"depth": 50}})
        self.before = self.state()

    def write(self, path, content, hours_ago=0.0):
        Path(path).write_text(content)
        if hours_ago:
            then = Path(path).stat().st_mtime_ns - int(hours_ago * 3600e9)
            os.utime(path, ns=(then, then))

    def state(self):
        """Contents, time stamps and records of the outputs."""
        files = [Path(path) for path in self.outputs]
        return [
            (f.read_text(), f.stat().st_mtime_ns, self.memory.read(str(f))) if f.exists() else None
            for f in files
        ]

    def begin(self):
        planned = Planned(self.outputs, [self.input], [str(self.log)], {"depth": 100})
        return begin([planned], self.memory, self.journals, RUN)

    def start_job(self):
        """What Snakemake does before a job."""
        for path in self.outputs:
            Path(path).unlink(missing_ok=True)
            self.memory.set_incomplete(path, True)

    def note(self):
        """What Snakemake remembers after a job, whether it failed or not."""
        for path in self.outputs:
            self.memory.write(path, {"depth": 100})
            self.memory.set_incomplete(path, False)

    def leftovers(self):
        known = {*map(Path, self.outputs), Path(self.input), self.log, self.journals}
        return sorted(path.name for path in self.root.iterdir() if path not in known) + [
            path.name for path in self.journals.iterdir()
        ]


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def test_a_failed_job_leaves_contents_time_stamps_and_records_as_they_were(study):
    journal = study.begin()
    study.start_job()
    study.note()
    assert settle(journal, study.memory, lambda job: False) == study.outputs
    assert study.state() == study.before
    assert study.leftovers() == []


def test_a_finished_job_keeps_what_it_has_made(study):
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")
    study.note()
    new = study.state()
    assert settle(journal, study.memory, lambda job: True) == []
    assert study.state() == new
    assert study.leftovers() == []


def test_a_job_that_was_not_started_keeps_its_files_and_nothing_is_told_of_it(study):
    assert settle(study.begin(), study.memory, lambda job: False) == []
    assert study.state() == study.before
    assert study.leftovers() == []


def test_what_was_not_there_before_a_failed_job_is_not_there_after_it(study):
    Path(study.outputs[1]).unlink()
    study.memory.write(study.outputs[1], None)
    before = study.state()
    journal = study.begin()
    study.start_job()
    study.write(study.outputs[1], "of a job that failed")
    study.note()
    assert settle(journal, study.memory, lambda job: False) == study.outputs[:1]
    assert study.state() == before
    assert before[1] is None


# ---- a run that is killed -----------------------------------------------------------------------


@pytest.mark.parametrize("wrote", [0, 1, 2], ids=["nothing", "one of two files", "both files"])
def test_a_job_that_was_at_work_when_its_run_was_killed_is_undone(study, wrote):
    journal = study.begin()
    study.start_job()
    for path in study.outputs[:wrote]:
        study.write(path, "new")
    settle(journal, study.memory, None)
    assert study.state() == study.before
    assert not study.memory.incomplete


@pytest.mark.parametrize("wrote", [0, 1], ids=["nothing", "one of two files"])
def test_a_job_that_failed_on_a_cluster_after_its_run_was_killed_is_undone(study, wrote):
    journal = study.begin()
    study.start_job()
    for path in study.outputs[:wrote]:
        study.write(path, "new")
    study.memory.incomplete.clear()  # by the Snakemake inside the job
    settle(journal, study.memory, None)
    assert study.state() == study.before


def test_a_job_that_ended_on_a_cluster_after_its_run_was_killed_gets_its_record(study):
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")
    study.memory.incomplete.clear()
    assert settle(journal, study.memory, None) == []
    for path in map(Path, study.outputs):
        made = path.stat().st_mtime
        assert path.read_text() == "new"
        assert study.memory.read(path) == {"depth": 100, "starttime": made, "endtime": made}
    assert study.leftovers() == []


def test_a_job_whose_end_a_killed_run_has_noted_is_finished(study):
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")
    study.note()
    new = study.state()
    assert settle(journal, study.memory, None) == []
    assert study.state() == new
    assert study.leftovers() == []


def test_a_record_that_was_cut_is_not_the_end_of_a_job(study):
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")
    study.note()
    study.memory.records.clear()
    settle(journal, study.memory, None)
    assert study.state() == study.before


def test_the_log_of_a_job_that_may_still_run_is_taken_away_and_others_stay(study):
    settle(study.begin(), study.memory, None)
    assert study.log.exists()
    journal = study.begin()
    study.start_job()
    settle(journal, study.memory, None)
    assert not study.log.exists()
    assert study.leftovers() == ["maps.log.broken_off"]


def test_unfinished_files_of_killed_jobs_are_cleared_away(study):
    journal = study.begin()
    study.start_job()
    (study.root / ".maps.4711.nc").write_text("half of it")
    (study.root / ".maps.by_hand.nc").write_text("someone's own")
    settle(journal, study.memory, None)
    assert study.leftovers() == [".maps.by_hand.nc", "maps.log.broken_off"]


def break_off_deletions(context: pytest.MonkeyPatch, calls: int) -> None:
    """Let so many files be deleted; the next deletion raises StopIteration."""
    left = iter(range(calls))
    unlink = Path.unlink

    def counted(path, missing_ok=False):
        next(left)
        unlink(path, missing_ok=missing_ok)

    context.setattr(Path, "unlink", counted)


@pytest.mark.parametrize("calls", range(6))
def test_a_settlement_that_is_broken_off_is_done_again(study, calls, monkeypatch):
    journal = study.begin()
    study.start_job()
    study.note()
    with monkeypatch.context() as context:
        break_off_deletions(context, calls)
        try:
            settle(journal, study.memory, None)
        except StopIteration:
            assert journal.exists()
    if journal.exists():
        settle(journal, study.memory, None)
    assert study.state() == study.before
    assert study.leftovers() == []


def test_what_was_begun_before_the_run_is_not_kept(study):
    study.memory.set_incomplete(study.outputs[0], True)
    journal = study.begin()
    study.start_job()
    settle(journal, study.memory, None)
    assert study.state() == [None, study.before[1]]


# ---- a folder that a job replaces as a whole ----------------------------------------------------


@pytest.fixture
def data_set(tmp_path):
    """A folder with an image and its manifest, which a job of a run is about to replace."""
    manifest = tmp_path / "data/digits/manifest"
    manifest.parent.mkdir(parents=True)
    (manifest.parent / "image").write_text("old")
    manifest.write_text("of the old image")
    memory = Memory(manifest={"seed": 0})
    planned = Planned([str(manifest)], [], [], {"seed": 1})
    journal = begin([planned], memory, tmp_path / "journals", RUN)
    manifest.unlink()
    memory.set_incomplete(str(manifest), True)
    new = unfinished(manifest.parent)
    new.mkdir()
    (new / "image").write_text("new")
    (new / "manifest").write_text("of the new image")
    return manifest, memory, journal


def is_whole(which, manifest, memory):
    """Whether the old or the new data set is there, with its record, and nothing else."""
    assert {path.name: path.read_text() for path in manifest.parent.iterdir()} == {
        "image": which,
        "manifest": f"of the {which} image",
    }
    assert memory.read(manifest) == {"seed": 0 if which == "old" else 1}
    assert not memory.incomplete
    assert [path.name for path in manifest.parent.parent.iterdir()] == ["digits"]


@pytest.mark.parametrize("end", ["failed", "killed", "journal cut"])
@pytest.mark.parametrize("step", ["before", "between", "after"])
def test_the_data_set_of_a_job_that_did_not_finish_is_the_older_one(data_set, step, end):
    manifest, memory, journal = data_set
    if step == "between":
        manifest.parent.rename(older(manifest.parent))
    elif step == "after":
        replace_folder(manifest.parent, unfinished(manifest.parent))
    if end == "journal cut":
        journal.write_text("")
        memory.records["manifest"]["endtime"] = manifest_time(manifest)
        restore_kept(journal, memory, manifest.parents[2])
        del memory.records["manifest"]["endtime"]
    else:
        settle(journal, memory, (lambda job: False) if end == "failed" else None)
    is_whole("old", manifest, memory)


@pytest.mark.parametrize("end", ["finished", "noted, then killed", "noted, journal cut"])
def test_the_data_set_of_a_job_that_finished_is_the_new_one(data_set, end):
    manifest, memory, journal = data_set
    replace_folder(manifest.parent, unfinished(manifest.parent))
    memory.set_incomplete(str(manifest), False)
    memory.write(str(manifest), {"seed": 1})
    if end == "noted, journal cut":
        journal.write_text("")
        memory.records["manifest"]["endtime"] = manifest.stat().st_mtime
        restore_kept(journal, memory, manifest.parents[2])
        del memory.records["manifest"]["endtime"]
    else:
        settle(journal, memory, (lambda job: True) if end == "finished" else None)
    is_whole("new", manifest, memory)


def manifest_time(manifest):
    """Time stamp of the older manifest, wherever it is."""
    (kept,) = manifest.parent.parent.rglob(f".manifest.{RUN}.before")
    return kept.stat().st_mtime


# ---- a power cut --------------------------------------------------------------------------------


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, tmp_path):
    with small_disk(tmp_path, request.param) as disk:
        yield disk


def test_a_run_whose_power_is_cut_is_undone(disk):
    study = Study(disk.folder / "study")
    journal = study.begin()
    study.start_job()
    flush(study.root)  # the worst case: that the older files are removed is on the disk
    for path in study.outputs:
        study.write(path, "half of what is to come")
    disk.cut_power()
    assert settle(journal, study.memory, None) == study.outputs
    assert study.state() == study.before


def test_what_was_made_is_whole_when_the_power_is_cut_after_the_run(disk):
    study = Study(disk.folder / "study")
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")  # not flushed: by a job that knows nothing of power cuts
    study.note()
    new = study.state()
    settle(journal, study.memory, lambda job: True)
    disk.cut_power()
    assert study.state() == new
    assert study.leftovers() == []


@pytest.mark.parametrize("done", [False, True], ids=["failed", "finished"])
@pytest.mark.parametrize("calls", range(4))
def test_a_settlement_whose_power_is_cut_is_done_again(disk, calls, done, monkeypatch):
    study = Study(disk.folder / "study")
    journal = study.begin()
    study.start_job()
    if done:
        for path in study.outputs:
            study.write(path, "new")
    study.note()
    expected = study.state() if done else study.before
    with monkeypatch.context() as context:
        break_off_deletions(context, calls)
        with suppress(StopIteration):
            settle(journal, study.memory, lambda job: done)
    disk.cut_power()
    if journal.exists():
        settle(journal, study.memory, None)
    assert study.state() == expected
    assert study.leftovers() == []


def test_records_are_flushed_before_the_last_older_file_goes(study, monkeypatch):
    journal = study.begin()
    study.start_job()
    for path in study.outputs:
        study.write(path, "new")
    study.note()

    def flush(paths):
        assert sorted(paths) == sorted(study.outputs)
        assert len(study.leftovers()) == 3  # two second names and the journal

    monkeypatch.setattr(study.memory, "flush", flush, raising=False)
    settle(journal, study.memory, lambda job: True)
    assert study.leftovers() == []


def test_the_older_record_is_flushed_before_the_older_file_is_in_its_place(study, monkeypatch):
    journal = study.begin()
    study.start_job()
    study.note()
    seen = []

    def flush(paths):
        seen.extend((path, Path(path).exists(), study.memory.read(path)) for path in paths)

    monkeypatch.setattr(study.memory, "flush", flush, raising=False)
    settle(journal, study.memory, lambda job: False)
    assert seen[:2] == [(path, False, {"depth": 50}) for path in study.outputs]


# ---- a journal that cannot be read --------------------------------------------------------------


@pytest.mark.parametrize(
    "content", ["", "[{", "{}", "[1]", '[{"outputs": []}]', '[{"outputs": {"a": {}}}]', "\0\0"]
)
def test_a_journal_that_cannot_be_read_is_said_and_nothing_is_touched(study, content):
    journal = study.begin()
    study.start_job()
    left = study.leftovers()
    journal.write_text(content)
    with pytest.raises(UnreadableJournalError, match=f"^{journal}, which says .* cannot be read"):
        settle(journal, study.memory, None)
    assert study.leftovers() == left


def test_without_a_journal_older_files_are_restored_and_made_anew(study):
    journal = study.begin()
    study.start_job()
    study.write(study.outputs[0], "half")
    journal.write_text("")
    assert sorted(restore_kept(journal, study.memory, study.root)) == sorted(study.outputs)
    assert study.state() == study.before
    assert study.memory.incomplete == set(study.outputs)
    assert study.leftovers() == []


def test_without_a_journal_a_job_that_was_not_started_keeps_its_files(study):
    journal = study.begin()
    journal.write_text("")
    assert restore_kept(journal, study.memory, study.root) == []
    assert study.state() == study.before
    assert not study.memory.incomplete
    assert study.leftovers() == []


def test_without_a_journal_the_record_tells_which_file_is_its_own(study):
    for path in study.outputs:
        study.memory.write(path, {"depth": 50, "endtime": Path(path).stat().st_mtime})
    before = study.state()
    journal = study.begin()
    study.start_job()
    study.memory.incomplete.clear()
    # of the one file the end was noted, of the other it was not
    study.write(study.outputs[0], "new")
    made = Path(study.outputs[0]).stat().st_mtime
    study.memory.write(study.outputs[0], {"depth": 100, "endtime": made})
    new = study.state()[0]
    journal.write_text("")
    assert restore_kept(journal, study.memory, study.root) == study.outputs[1:]
    assert study.state() == [new, before[1]]
    assert not study.memory.incomplete
    assert study.leftovers() == []


def test_without_a_journal_the_second_names_of_another_run_are_not_touched(study):
    journal = study.begin()
    study.start_job()
    other = journal.with_name("elsewhere.4711.json")
    other.touch()
    left = study.leftovers()
    assert restore_kept(other, study.memory, study.root) == []
    assert study.leftovers() == [name for name in left if name != other.name]


# ---- clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_ago", "again"), [(0.5, False), (1.5, True)], ids=["newer", "older than the maps"]
)
def test_an_input_that_changed_by_a_clock_that_went_back_makes_the_job_run_again(
    study, hours_ago, again
):
    journal = study.begin()
    study.write(study.input, "new weights", hours_ago)
    study.start_job()
    study.note()
    settle(journal, study.memory, lambda job: False)
    assert study.state() == study.before
    # where the input is newer by its time stamp, Snakemake sees that by itself
    assert study.memory.incomplete == (set(study.outputs) if again else set())


# ---- keeping ------------------------------------------------------------------------------------


def test_a_kept_file_takes_no_space(study):
    study.begin()
    assert [Path(path).stat().st_nlink for path in study.outputs] == [2, 2]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_links_there_are_copies_with_the_time_stamp(study, monkeypatch, number):
    def refuse(self, target):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    journal = study.begin()
    study.start_job()
    study.note()
    settle(journal, study.memory, lambda job: False)
    assert study.state() == study.before


def test_a_run_that_cannot_keep_files_does_not_begin(study, monkeypatch):
    link = Path.hardlink_to

    def refuse(self, target):
        if target.name == "maps.csv":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(InputError, match=r"maps\.csv cannot be kept .*No space left on device"):
        study.begin()
    assert study.state() == study.before
    assert study.leftovers() == []


def test_a_run_that_cannot_write_where_its_jobs_do_does_not_begin(study, monkeypatch):
    # who may do everything may write everywhere but on a read-only disk: the answer is made up
    monkeypatch.setattr(os, "access", lambda path, mode: path != study.root)
    jobs = [Planned([str(study.root / "absent" / "new.nc")], [], [], {})]
    with pytest.raises(
        InputError, match=f"{study.root} cannot be written to, and jobs of this run"
    ):
        begin(jobs, study.memory, study.journals, RUN)
