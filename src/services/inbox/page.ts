import { createHash } from 'node:crypto';
import { codeIn, type Message } from './message.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6478; --line: #dfe3ea; --paper: #fff; --ground: #f4f5f8; --accent: #3b5bdb; --tint: #edf0fd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #9aa4b8; --line: #2f3645; --paper: #1b202b; --ground: #12161e; --accent: #91a7ff; --tint: #252c45; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
header { display: flex; align-items: baseline; gap: .75rem; flex-wrap: wrap; margin-bottom: 1.5rem; }
h1 { font-size: 1.6rem; letter-spacing: -.02em; margin: 0; }
header p { margin: 0; color: var(--soft); }
header a { margin-left: auto; color: var(--accent); }
article { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.25rem; margin-bottom: .9rem; }
h2 { font-size: 1.05rem; margin: 0 0 .35rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; margin: 0 0 .75rem; font-size: .875rem; color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
pre a { color: var(--accent); }
.code { display: flex; align-items: center; gap: .75rem; margin-top: .9rem; }
.code code { font: 600 1.5rem/1 ui-monospace, monospace; letter-spacing: .16em; padding: .55rem .5rem .55rem .8rem; border-radius: 10px; background: var(--tint); user-select: all; }
button { font: inherit; color: var(--accent); background: none; border: 1px solid var(--line); border-radius: 10px; padding: .4rem .9rem; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.empty { text-align: center; color: var(--soft); padding: 4rem 1rem; border: 1px dashed var(--line); border-radius: 14px; }
`;

/** Copies a code, replies STOP, and reloads when a newer message is there. */
const SCRIPT = `
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-code]');
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(button.dataset.code);
  button.textContent = 'Copied';
});
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-from]');
  if (!button) return;
  const { from, region } = button.dataset;
  const answer = await fetch('/_lambent/sms/replies', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: document.body.dataset.account, region, from, text: 'STOP' }),
  });
  button.textContent = answer.ok ? 'Opted out' : 'Not sent';
});
const newest = document.body.dataset.newest;
const look = async () => {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'application/json' } });
    const { messages } = await answer.json();
    if ((messages[0]?.id ?? '') !== newest) return location.reload();
  } catch { /* the server is away; the next look finds it */ }
  window.setTimeout(look, 2000);
};
window.setTimeout(look, 2000);
`;

function sourceHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Nothing but the page's own style and script runs, whatever a message contains. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${sourceHash(STYLE)}`,
  `script-src ${sourceHash(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Escapes, and makes web addresses links. */
function linked(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, index) =>
      index % 2 === 1
        ? `<a href="${escaped(part)}" target="_blank" rel="noopener noreferrer">${escaped(part)}</a>`
        : escaped(part),
    )
    .join('');
}

const UNTITLED = { sms: 'Text message', push: 'Push message', email: '(no subject)' } as const;

function renderMessage(message: Message): string {
  const code = codeIn(message.text);
  const title = message.subject ?? UNTITLED[message.kind];
  return `<article data-id="${escaped(message.id)}">
<h2>${escaped(title)}</h2>
<dl><dt>To</dt><dd>${escaped(message.to)}</dd><dt>From</dt><dd>${escaped(message.from)}</dd><dt>At</dt><dd><time datetime="${escaped(message.at)}">${escaped(message.at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))}</time></dd></dl>
<pre>${linked(message.text)}</pre>${
    code === undefined
      ? ''
      : `\n<div class="code"><code>${code}</code><button type="button" data-code="${code}" aria-label="Copy the code ${code}">Copy</button></div>`
  }${replyButton(message)}
</article>`;
}

/** As on a phone: who answers a text message with STOP gets no more of them. */
function replyButton({ kind, region, to }: Message): string {
  if (kind !== 'sms' || region === undefined) return '';
  return `\n<p><button type="button" data-from="${escaped(to)}" data-region="${escaped(region)}">Reply STOP</button></p>`;
}

/** The inbox as a page, newest message first; it needs nothing from elsewhere and looks for news by itself. */
export function renderPage(messages: readonly Message[], account: string): string {
  const count = messages.length === 1 ? '1 message' : `${messages.length} messages`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox · Lambent</title>
<style>${STYLE}</style>
</head>
<body data-newest="${escaped(messages[0]?.id ?? '')}" data-account="${escaped(account)}">
<main>
<header><h1>Inbox</h1><p>${count} for account ${escaped(account)}</p><a href="">Refresh</a></header>
${
  messages.length === 0
    ? '<p class="empty">No mail and no text messages yet. What your application sends lands here.</p>'
    : messages.map(renderMessage).join('\n')
}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
