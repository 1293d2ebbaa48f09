#!/usr/bin/env bash
# One command on a machine with an Nvidia GPU, which takes about 12 minutes: it installs the project into an environment
# of its own, runs the tests of nn/, those that need a GPU among them, and prints and writes tables of speed.
#
#     bash benchmarks/gpu.sh [FOLDER FOR THE RESULTS]
#
# It never ran: no GPU was at hand where it was written.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-metrics/gpu}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

nvidia-smi | tee "$out/machine.txt" || { echo "There is no Nvidia GPU here."; exit 1; }
python3 -m venv "$work/venv"
# shellcheck disable=SC1091
. "$work/venv/bin/activate"
# The project's release of torch, in the index' own build, and arrays on the GPU for spaCy.
pip install --quiet -c constraints.txt -e ".[test]" cupy-cuda12x || exit 1
python -c "import torch; assert torch.cuda.is_available(), 'torch sees no GPU'" || exit 1

failed=0
timeout 360 pytest -n 0 --durations 10 tests/nn tests/layers 2>&1 | tee "$out/tests.txt" || failed=1
for more in "" "num_hidden_layers=24 hidden_size=1024 num_attention_heads=16 intermediate_size=4096"; do
    name=base; [ -z "$more" ] || name=large
    # shellcheck disable=SC2086
    timeout 120 python -m benchmarks.plain --device cuda --size $more --out "$out/plain-$name.json" \
        2>&1 | tee "$out/plain-$name.txt" || failed=1
done
echo "The results are in $out."
exit "$failed"
