"""The page of compile times says what was measured."""

from benchmarks import compile_table, records


def test_compile_times_page_says_what_falls_short():
    def record(cls, name, seconds, graphs, **others):
        times = {"seconds": 9 * seconds, "processor": seconds, "load": 9.0}
        return (
            {"class": cls, "case": name, "method": "predict", "graphs": graphs, "rows": [1, 2], "error": 0.0}
            | times
            | others
        )

    found = [
        record("A", "A-one", 3.0, [1, 1], sources="new"),
        record("A", "A-slow", 21.0, [1, 1], sources="new"),
        record("B", "B-two", 1.0, [1, 2]),
        record("C", "C-far", 1.0, [1, 1], error=1e-3),
        {"class": "D", "case": "D-none", "method": "", "failure": "Unsupported: a branch"},
    ]
    run = {"device": "a processor", "cores": 2, "threads": 2, "sources": "new", "versions": records.versions()}
    page = compile_table.document({"run": run, "compilations": found})
    assert "3 of the 5 models were measured with an earlier state" in page
    assert [r["class"] for r in compile_table.worst_first(found)] == ["D", "A", "B", "C"]
    faults = page.partition("## What falls short")[2].partition("##")[0].strip().splitlines()
    assert faults == [
        "- A-slow: over 20 s",
        "- B-two: graphs [1, 2] for [1, 2] rows",
        "- C-far: error 1.0e-03",
        "- D-none: Unsupported: a branch",
    ]
    assert "| compiles, without graph breaks | 4 of 5 |" in page
    assert "| at most 20 s | 3 of 5; the slowest 21.0 s |" in page
