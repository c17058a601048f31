/** `GET /docs`: the OpenAPI document as a page. All that it loads comes from this server. */
import type { Request, Response } from '../../../runtime/application.ts';
import { docsFiles } from './docs-files.ts';

/** The styles of the package have pictures as data. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function getDocs(_request: Request, response: Response): Promise<void> {
  const { bundle, styles, start } = await docsFiles();
  response
    .header('Content-Security-Policy', POLICY)
    .header('Referrer-Policy', 'no-referrer')
    .header('Cache-Control', 'no-cache')
    .html(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CloudVM API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/${styles.name}">
<script defer src="/docs/${bundle.name}"></script>
<script defer src="/docs/${start.name}"></script>
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript. <a href="/openapi.json">The document itself</a> does not.</noscript>
</body>
</html>
`);
}
