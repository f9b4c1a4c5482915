// Asks why a row is missing: lists what may be meant while one types.

import { watchPickers } from "/static/forms/js/combobox.js";

const form = document.querySelector("[data-asking]");
if (form) watchPickers(form, { url: form.dataset.options, fields: {} });
