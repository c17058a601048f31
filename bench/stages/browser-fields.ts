/** All fields that a browser sends, without those that a load generator sends by itself. */
import { SAMPLE_REQUESTS } from '../requests.ts';

export const BROWSER_FIELDS: Readonly<Record<string, string>> = Object.fromEntries(
  (SAMPLE_REQUESTS[0]?.text ?? '')
    .split('\r\n')
    .filter((line) => line.includes(': ') && !/^(host|connection|keep-alive):/i.test(line))
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
);
