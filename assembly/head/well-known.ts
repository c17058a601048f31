// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript has 64-bit integers
/**
 * Recognises well-known field names by their length and then by comparing whole words, ignoring case: a
 * comparison or two for each name, no hash, no string. Called once for each field line.
 *
 * The last word of a name overlaps the one before it, so no byte after the name is read. Setting bit 0x20 of
 * every byte makes letters lower-case. No other token character becomes a letter or "-" by it. The constants
 * are the names' bytes, first byte lowest. A test tries every name.
 */

import {
  HEADER_ACCEPT,
  HEADER_ACCEPT_ENCODING,
  HEADER_ACCEPT_LANGUAGE,
  HEADER_ACCESS_CONTROL_REQUEST_HEADERS,
  HEADER_ACCESS_CONTROL_REQUEST_METHOD,
  HEADER_AUTHORIZATION,
  HEADER_CACHE_CONTROL,
  HEADER_CONNECTION,
  HEADER_CONTENT_ENCODING,
  HEADER_CONTENT_LENGTH,
  HEADER_CONTENT_TYPE,
  HEADER_COOKIE,
  HEADER_DATE,
  HEADER_EXPECT,
  HEADER_FORWARDED,
  HEADER_HOST,
  HEADER_IDEMPOTENCY_KEY,
  HEADER_IF_MATCH,
  HEADER_IF_MODIFIED_SINCE,
  HEADER_IF_NONE_MATCH,
  HEADER_IF_UNMODIFIED_SINCE,
  HEADER_LAST_EVENT_ID,
  HEADER_ORIGIN,
  HEADER_RANGE,
  HEADER_REFERER,
  HEADER_TE,
  HEADER_TRAILER,
  HEADER_TRANSFER_ENCODING,
  HEADER_UPGRADE,
  HEADER_USER_AGENT,
  HEADER_VIA,
  HEADER_X_FORWARDED_FOR,
} from '../record';

const LOWER_CASE: u64 = 0x2020202020202020;
const LOWER_CASE_4: u32 = 0x20202020;

/** The HEADER_ number of the token at `name`, or -1. */
export function recognizeName(name: usize, length: i32): i32 {
  switch (length) {
    case 2:
      return (<u32>load<u16>(name) | 0x2020) === 0x6574 ? HEADER_TE : -1;
    case 3:
      if ((<u32>load<u16>(name) | 0x2020) !== 0x6976) return -1;
      return (load<u8>(name + 2) | 0x20) === 0x61 ? HEADER_VIA : -1;
    case 4:
      if (Word.four(name) === 0x74736f68) return HEADER_HOST;
      if (Word.four(name) === 0x65746164) return HEADER_DATE;
      return -1;
    case 5:
      if (Word.four(name) === 0x676e6172 && Word.four(name + 1) === 0x65676e61) return HEADER_RANGE;
      return -1;
    case 6:
      if (Word.four(name) === 0x65707865 && Word.four(name + 2) === 0x74636570) return HEADER_EXPECT;
      if (Word.four(name) === 0x65636361 && Word.four(name + 2) === 0x74706563) return HEADER_ACCEPT;
      if (Word.four(name) === 0x6b6f6f63 && Word.four(name + 2) === 0x65696b6f) return HEADER_COOKIE;
      if (Word.four(name) === 0x6769726f && Word.four(name + 2) === 0x6e696769) return HEADER_ORIGIN;
      return -1;
    case 7:
      if (Word.four(name) === 0x65666572 && Word.four(name + 3) === 0x72657265) return HEADER_REFERER;
      if (Word.four(name) === 0x72677075 && Word.four(name + 3) === 0x65646172) return HEADER_UPGRADE;
      if (Word.four(name) === 0x69617274 && Word.four(name + 3) === 0x72656c69) return HEADER_TRAILER;
      return -1;
    case 8:
      if (Word.eight(name) === 0x686374616d2d6669) return HEADER_IF_MATCH;
      return -1;
    case 9:
      if (Word.eight(name) === 0x6564726177726f66 && Word.eight(name + 1) === 0x646564726177726f)
        return HEADER_FORWARDED;
      return -1;
    case 10:
      if (Word.eight(name) === 0x697463656e6e6f63 && Word.eight(name + 2) === 0x6e6f697463656e6e)
        return HEADER_CONNECTION;
      if (Word.eight(name) === 0x6567612d72657375 && Word.eight(name + 2) === 0x746e6567612d7265)
        return HEADER_USER_AGENT;
      return -1;
    case 12:
      if (Word.eight(name) === 0x2d746e65746e6f63 && Word.eight(name + 4) === 0x657079742d746e65)
        return HEADER_CONTENT_TYPE;
      return -1;
    case 13:
      if (Word.eight(name) === 0x7a69726f68747561 && Word.eight(name + 5) === 0x6e6f6974617a6972)
        return HEADER_AUTHORIZATION;
      if (Word.eight(name) === 0x2d656e6f6e2d6669 && Word.eight(name + 5) === 0x686374616d2d656e)
        return HEADER_IF_NONE_MATCH;
      if (Word.eight(name) === 0x6f632d6568636163 && Word.eight(name + 5) === 0x6c6f72746e6f632d)
        return HEADER_CACHE_CONTROL;
      if (Word.eight(name) === 0x6576652d7473616c && Word.eight(name + 5) === 0x64692d746e657665)
        return HEADER_LAST_EVENT_ID;
      return -1;
    case 14:
      if (Word.eight(name) === 0x2d746e65746e6f63 && Word.eight(name + 6) === 0x6874676e656c2d74)
        return HEADER_CONTENT_LENGTH;
      return -1;
    case 15:
      if (Word.eight(name) === 0x652d747065636361 && Word.eight(name + 7) === 0x676e69646f636e65)
        return HEADER_ACCEPT_ENCODING;
      if (Word.eight(name) === 0x6c2d747065636361 && Word.eight(name + 7) === 0x65676175676e616c)
        return HEADER_ACCEPT_LANGUAGE;
      if (Word.eight(name) === 0x726177726f662d78 && Word.eight(name + 7) === 0x726f662d64656472)
        return HEADER_X_FORWARDED_FOR;
      if (Word.eight(name) === 0x65746f706d656469 && Word.eight(name + 7) === 0x79656b2d79636e65)
        return HEADER_IDEMPOTENCY_KEY;
      return -1;
    case 16:
      if (Word.eight(name) === 0x2d746e65746e6f63 && Word.eight(name + 8) === 0x676e69646f636e65)
        return HEADER_CONTENT_ENCODING;
      return -1;
    case 17:
      if (
        Word.eight(name) === 0x726566736e617274 &&
        Word.eight(name + 8) === 0x6e69646f636e652d &&
        Word.eight(name + 9) === 0x676e69646f636e65
      )
        return HEADER_TRANSFER_ENCODING;
      if (
        Word.eight(name) === 0x6669646f6d2d6669 &&
        Word.eight(name + 8) === 0x636e69732d646569 &&
        Word.eight(name + 9) === 0x65636e69732d6465
      )
        return HEADER_IF_MODIFIED_SINCE;
      return -1;
    case 19:
      if (
        Word.eight(name) === 0x646f6d6e752d6669 &&
        Word.eight(name + 8) === 0x69732d6465696669 &&
        Word.eight(name + 11) === 0x65636e69732d6465
      )
        return HEADER_IF_UNMODIFIED_SINCE;
      return -1;
    case 29:
      if (
        Word.eight(name) === 0x632d737365636361 &&
        Word.eight(name + 8) === 0x722d6c6f72746e6f &&
        Word.eight(name + 16) === 0x6d2d747365757165 &&
        Word.eight(name + 21) === 0x646f6874656d2d74
      )
        return HEADER_ACCESS_CONTROL_REQUEST_METHOD;
      return -1;
    case 30:
      if (
        Word.eight(name) === 0x632d737365636361 &&
        Word.eight(name + 8) === 0x722d6c6f72746e6f &&
        Word.eight(name + 16) === 0x682d747365757165 &&
        Word.eight(name + 22) === 0x737265646165682d
      )
        return HEADER_ACCESS_CONTROL_REQUEST_HEADERS;
      return -1;
    default:
      return -1;
  }
}

class Word {
  @inline static four(at: usize): u32 {
    return load<u32>(at) | LOWER_CASE_4;
  }

  @inline static eight(at: usize): u64 {
    return load<u64>(at) | LOWER_CASE;
  }
}
