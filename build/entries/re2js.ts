/** The engine of regular expressions for those who `require` it when they need it. */
import * as re2js from 're2js';

export { re2js as 'module.exports' };
