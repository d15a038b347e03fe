const IN_TEXT = /[&<>\u2028]|(?![\t\n])\p{Cc}/gu;
const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes character data. What XML cannot hold at all goes as a character reference, as S3 sends it. */
export function escapeXml(text: string): string {
  return text.replace(IN_TEXT, escapeCharacter);
}

export function escapeXmlAttribute(text: string): string {
  return escapeXml(text).replaceAll('"', '&quot;').replaceAll('\t', '&#x9;').replaceAll('\n', '&#xA;');
}

function escapeCharacter(character: string): string {
  return NAMES[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
}
