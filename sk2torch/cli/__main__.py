"""``python -m sk2torch.cli``."""

from sk2torch.cli import main

main()
