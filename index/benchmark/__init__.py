"""How well the catalogue finds fonts, measured on pictures that training never made."""
