import { STATUS_CODES } from 'node:http';
import type { Fault } from '../../service/faults.ts';

/** What websites show of an error that no page of theirs is for. */
export function errorPage(status: number, { code, message, detail }: Fault, requestId: string): string {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  const facts = [
    ['Code', code],
    ['Message', message],
    ...Object.entries(detail).filter(([, value]) => typeof value === 'string'),
    ['RequestId', requestId],
  ];
  const list = facts.map(([name, value]) => `<li>${escaped(name)}: ${escaped(value)}</li>`).join('\n');
  return `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n${list}\n</ul>\n<hr/>\n</body>\n</html>\n`;
}

function escaped(value: unknown): string {
  return String(value).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
