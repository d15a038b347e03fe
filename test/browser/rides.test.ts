import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { type Rides, startRides } from '../support/rides.ts';

/** A Chromium on the PATH, if there is one. */
function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // Not under this name.
    }
  }
  return existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined;
}
const executablePath = findChromium();
const skip = executablePath === undefined ? 'no Chromium on the PATH' : false;
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let rides: Rides;
let browser: Browser;
before(async () => {
  if (executablePath === undefined) return;
  rides = await startRides();
  browser = await chromium.launch({ executablePath, args: ARGS });
});
after(async () => {
  await browser?.close();
  await rides?.lambent.stop();
});

test('somebody signs up, takes the code from the inbox, signs in, and rides', { skip }, async () => {
  const email = 'grace@example.com';
  const context = await browser.newContext();
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));

  await page.goto(rides.siteUrl);
  await page.fill('#sign-up-email', email);
  await page.fill('#sign-up-password', 'cantering-4-ever');
  await page.click('#sign-up-submit');
  await page.waitForSelector('#confirm-form:visible');
  assert.equal(await page.textContent('#confirm-email'), email);

  const [inbox] = await Promise.all([context.waitForEvent('page'), page.click('#inbox-link')]);
  const code = (await inbox.textContent('[data-code] >> xpath=preceding-sibling::code')) ?? '';
  assert.match(code, /^\d{6}$/);
  await inbox.close();

  await page.fill('#confirm-code', code === '000000' ? '111111' : '000000');
  await page.click('#confirm-submit');
  await page.waitForSelector('#message:visible');
  assert.match((await page.textContent('#message')) ?? '', /Invalid verification code/);
  await page.fill('#confirm-code', code);
  await page.click('#confirm-submit');

  await page.waitForSelector('#request-ride:visible');
  assert.equal(await page.textContent('#rider-email'), email);
  await page.click('#map', { position: { x: 200, y: 200 } });
  await page.click('#request-ride:enabled');
  await page.waitForSelector('#ticket:visible');
  const unicorn = (await page.textContent('#ride-unicorn')) ?? '';
  assert.ok(unicorn);
  await page.waitForFunction("document.getElementById('ride-status').textContent.includes('has arrived')");
  assert.equal(await page.textContent('#ride-title'), `${unicorn} is here!`);

  await page.reload();
  await page.waitForSelector('#request-ride:visible');
  await page.click('#sign-out');
  await page.fill('#sign-in-email', email);
  await page.fill('#sign-in-password', 'wrong-password-1');
  await page.click('#sign-in-submit');
  await page.waitForSelector('#message:visible');
  assert.equal(await page.textContent('#message'), 'Incorrect username or password.');
  assert.deepEqual(wrong, []);
});
