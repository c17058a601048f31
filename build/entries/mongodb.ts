/** The driver for those who `require` it when they need it. */
import * as mongodb from 'mongodb';

export { mongodb as 'module.exports' };
