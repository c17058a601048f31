/**
 * The one rule by which e-mail addresses and usernames are the same: without regard to case. The database
 * stores the key beside the text, and failed logins are counted by it.
 */

/** NFC comes first, because Unicode may spell one character in two ways. */
export function caseInsensitiveKey(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
