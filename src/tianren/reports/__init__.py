"""What people read: maps, charts, the report as PDF and HTML, the workbook, styles and STAC."""
