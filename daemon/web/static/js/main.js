// What every page starts with. Each part enhances what the server rendered; without any of them the page still works.

import { watchForms } from "./forms.js";
import { start } from "./live.js";
import { watchThemes } from "./theme.js";
import { localise } from "./times.js";
import { watchUploads } from "./upload.js";

localise(document);
watchForms();
watchThemes();
watchUploads();
start();
