// Writes to standard output what @slack/types says of blocks and views, as one JSON Schema; no unknown keys.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";

const home = dirname(createRequire(import.meta.url).resolve("@slack/types/package.json"));
const config = { path: join(home, "dist", "index.d.ts"), skipTypeCheck: true, additionalProperties: false };
const [type] = process.argv.slice(2);
const schema = createGenerator({ ...config, type }).createSchema(type);
process.stdout.write(JSON.stringify(schema));
