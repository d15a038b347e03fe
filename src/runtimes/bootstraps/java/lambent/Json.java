package lambent;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON text to maps, lists, strings, numbers, booleans and null. RFC 8259 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.space();
    if (json.at < text.length()) throw json.bad();
    return value;
  }

  private Object value() {
    space();
    if (at >= text.length()) throw bad();
    char first = text.charAt(at);
    if (first == '{') return object();
    if (first == '[') return array();
    if (first == '"') return string();
    if (word("true")) return true;
    if (word("false")) return false;
    if (word("null")) return null;
    return number();
  }

  private boolean word(String word) {
    if (!text.startsWith(word, at)) return false;
    at += word.length();
    return true;
  }

  private Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    at++;
    space();
    if (take('}')) return object;
    do {
      space();
      if (at >= text.length() || text.charAt(at) != '"') throw bad();
      String key = string();
      space();
      if (!take(':')) throw bad();
      object.put(key, value());
      space();
    } while (take(','));
    if (!take('}')) throw bad();
    return object;
  }

  private List<Object> array() {
    List<Object> array = new ArrayList<>();
    at++;
    space();
    if (take(']')) return array;
    do {
      array.add(value());
      space();
    } while (take(','));
    if (!take(']')) throw bad();
    return array;
  }

  private String string() {
    StringBuilder string = new StringBuilder();
    at++;
    for (;;) {
      if (at >= text.length()) throw bad();
      char next = text.charAt(at++);
      if (next == '"') return string.toString();
      string.append(next == '\\' ? escape() : next);
    }
  }

  private char escape() {
    if (at >= text.length()) throw bad();
    char kind = text.charAt(at++);
    switch (kind) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'u':
        if (at + 4 > text.length()) throw bad();
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
      case '"':
      case '\\':
      case '/':
        return kind;
      default:
        throw bad();
    }
  }

  private Object number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
    String digits = text.substring(start, at);
    try {
      if (digits.matches("-?\\d+")) {
        BigInteger whole = new BigInteger(digits);
        if (whole.bitLength() < 32) return whole.intValue();
        return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
      }
      return new BigDecimal(digits).doubleValue();
    } catch (NumberFormatException notANumber) {
      at = start;
      throw bad();
    }
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
  }

  private boolean take(char wanted) {
    if (at >= text.length() || text.charAt(at) != wanted) return false;
    at++;
    return true;
  }

  private IllegalArgumentException bad() {
    return new IllegalArgumentException("Unexpected JSON at character " + at);
  }

  static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char next = text.charAt(i);
      if (next == '"' || next == '\\') out.append('\\').append(next);
      else if (next == '\n') out.append("\\n");
      else if (next == '\r') out.append("\\r");
      else if (next == '\t') out.append("\\t");
      else if (next < 0x20) out.append(String.format("\\u%04x", (int) next));
      else out.append(next);
    }
    out.append('"');
  }
}
