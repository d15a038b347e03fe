import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6478; --line: #cfd5e1; --paper: #fff; --ground: #f0f2f7; --accent: #3b5bdb; --wrong: #b42335; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #9aa4b8; --line: #38415333; --paper: #1b202b; --ground: #12161e; --accent: #6d8bff; --wrong: #ff8d9c; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(24rem, calc(100vw - 2rem)); background: var(--paper); border-radius: 16px; padding: 2rem; box-shadow: 0 8px 30px rgb(20 30 60 / .12); box-sizing: border-box; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin: .9rem 0 .25rem; }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .6rem .75rem; border: 1.5px solid var(--line); border-radius: 10px; background: transparent; color: inherit; }
button { width: 100%; margin-top: 1.4rem; padding: .7rem; font: inherit; font-weight: 700; color: #fff; background: var(--accent); border: 0; border-radius: 10px; cursor: pointer; }
p { margin: 0 0 .5rem; color: var(--soft); }
p[role="alert"] { color: var(--wrong); }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Forms go back to where they came from; nothing runs. The redirect after one may lead to the application. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`;

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function pageOf(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>
${content}
</main></body>
</html>
`;
}

/** The sign-in form; `step` is the sealed request it answers. */
export function signInPage(step: string, username: string, complaint: string | undefined): string {
  return pageOf(
    'Sign in',
    `${complaint === undefined ? '' : `<p role="alert">${escaped(complaint)}</p>`}
<form method="post">
<input type="hidden" name="_step" value="${escaped(step)}">
<label for="username">Username or email</label>
<input id="username" name="username" autocomplete="username" required value="${escaped(username)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit" name="signInSubmitButton">Sign in</button>
</form>`,
  );
}
