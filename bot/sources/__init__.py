"""Where alerts come from: one recogniser per monitor."""
