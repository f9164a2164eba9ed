#!/bin/sh
# What the container does on a fresh Debian with Python: the engine in an environment of its own.
#
#     container/install.sh cpu|cuda SOURCE_FOLDER
#
# cpu detects through ONNX Runtime. cuda adds PyTorch, whose wheels bring CUDA; the machine gives
# the driver.
set -eu
kind=$1
source=$2
case "$kind" in
  cpu) extras="" ;;
  cuda) extras="[train]" ;;
  *) echo "Say cpu or cuda, not $kind." >&2; exit 2 ;;
esac
python3 -m venv /opt/l4s
/opt/l4s/bin/python -m pip install --no-cache-dir --quiet "$source$extras"
ln -sf /opt/l4s/bin/l4s /usr/local/bin/l4s
l4s --version
