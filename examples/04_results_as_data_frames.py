"""A comparison as data frames: `nephoscope compare … --output comparison/`, then `python 04_results_as_data_frames.py comparison/`.

Cells marked `# %%` run one by one in an editor or a notebook. Needs pandas; the same with Polars stands at the end.
"""

# %% Everything that was measured, one line per cell
import sys
from pathlib import Path

import pandas

from nephoscope.comparison.document import Comparison
from nephoscope.comparison.rendering.listing import record

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "comparison")
found = Comparison.model_validate_json((folder / "results.json").read_text(encoding="utf-8"))
cells = pandas.DataFrame(record(one) for one in found.cells)
print(f"{len(cells)} cells of {cells['contestant'].nunique()} contestants on suite {found.suite}")

# %% Who is right where: share of right answers by family
by_family = cells.pivot_table(index="family", columns="contestant", values="right", aggfunc="mean").round(2)
print(by_family.to_string())

# %% What a right answer costs. Without one it has no price
sums = cells.groupby("contestant")[["usd", "right", "input_tokens", "output_tokens", "calls", "seconds"]].sum()
sums["usd_per_success"] = (sums["usd"] / sums["right"].where(sums["right"] > 0)).round(4)
print(sums.round(4).to_string())

# %% How it failed, where it failed
print(cells.groupby(["contestant", "outcome"]).size().unstack(fill_value=0).to_string())

# %% Where a model adds to what is written down, and where it takes away
right = cells.pivot_table(index=["scenario", "variant"], columns="contestant", values="right", aggfunc="mean")
if "playbook" in right:
    for name in right.columns.drop("playbook"):
        gained, lost = (right[name] > right["playbook"]).sum(), (right[name] < right["playbook"]).sum()
        print(f"{name}: {gained} units gained over the playbooks, {lost} lost")

# %% The intervals and tiers are not to be made again: they stand in the document
rows = pandas.DataFrame([{"contestant": row.label, "tier": row.tier, **row.success.model_dump()} for row in found.rows])
print(rows.round(3).to_string(index=False))

# %% With Polars the table is read as well:
# polars.read_csv(folder / "results.csv").group_by("contestant").agg(polars.col("right").mean(), polars.col("usd").sum())
