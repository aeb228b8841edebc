// Writes to standard output what @slack/types says of the type it is asked for, as JSON Schema.
// Unknown keys are refused, unless the second argument is "open".

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";

const home = dirname(createRequire(import.meta.url).resolve("@slack/types/package.json"));
const [type, keys] = process.argv.slice(2);
const path = join(home, "dist", "index.d.ts");
const config = { path, type, skipTypeCheck: true, additionalProperties: keys === "open" };
process.stdout.write(JSON.stringify(createGenerator(config).createSchema(type)));
