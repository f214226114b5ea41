from .bases import Grid as Grid
from .bases import Pixels as Pixels
from .bases import Segments as Segments
from .maps import Maps as Maps
from .maps import rescaled as rescaled
from .maps import with_sign as with_sign
from .summaries import summarise as summarise
