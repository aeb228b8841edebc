// Writes to standard output what @slack/types says of the type it is asked for, as JSON Schema; no unknown keys.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";

const home = dirname(createRequire(import.meta.url).resolve("@slack/types/package.json"));
const [type] = process.argv.slice(2);
const config = { path: join(home, "dist", "index.d.ts"), type, skipTypeCheck: true, additionalProperties: false };
process.stdout.write(JSON.stringify(createGenerator(config).createSchema(type)));
