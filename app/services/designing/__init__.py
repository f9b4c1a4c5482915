"""The designer of forms: drafts of schema files that administrators edit on pages."""
