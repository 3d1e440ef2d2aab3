import "./src/errors.ts";
