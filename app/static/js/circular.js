// The page of a draft: its text is written in the editor of articles, without pictures.
import { watchRichTexts } from "/static/forms/js/rich_text.js";

watchRichTexts(document, {});
