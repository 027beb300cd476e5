import sys

from caltrop.cli import main

sys.exit(main())
