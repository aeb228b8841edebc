"""What is remembered: tables, and one repository per noun. The only room of sqlalchemy."""
