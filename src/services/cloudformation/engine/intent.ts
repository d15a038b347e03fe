import type { Context } from '../../../service/context.ts';
import type { Reader, Transaction } from '../../../store/store.ts';
import { layout } from '../layout.ts';
import { openParameters } from '../no-echo.ts';
import { placeOf, type StackIntent, type StackRow, type TextRef } from '../stack.ts';
import { parseTemplateText } from '../template/parse.ts';
import { readTemplate, type Template } from '../template/template.ts';
import { Plan } from './plan.ts';

/** Longer texts stand in blobs. */
const MOST_INLINE = 32_768;

/** Puts a text where it belongs; the row that names it is written next, with {@link retainText}. */
export async function storeText(ctx: Context, text: string): Promise<TextRef> {
  return text.length <= MOST_INLINE ? { text } : { blob: await ctx.blobs.put(Buffer.from(text, 'utf8')) };
}

export async function loadText(ctx: Context, ref: TextRef): Promise<string> {
  return 'text' in ref ? ref.text : Buffer.from(await ctx.blobs.read(ref.blob)).toString('utf8');
}

export async function retainIntent(ctx: Context, tx: Transaction, intent: StackIntent): Promise<void> {
  for (const ref of [intent.original, intent.processed]) {
    if ('blob' in ref) await ctx.blobs.retain(tx, ref.blob);
  }
}

export async function releaseIntent(
  ctx: Context,
  tx: Transaction,
  intent: StackIntent | undefined,
): Promise<void> {
  for (const ref of intent === undefined ? [] : [intent.original, intent.processed]) {
    if ('blob' in ref) await ctx.blobs.release(tx, ref.blob);
  }
}

/** Templates read lately, by their text or its hash: an operation reads its own at every step. */
const lately = new Map<string, Template>();
const MOST_KEPT = 16;

export async function loadTemplate(ctx: Context, { processed }: StackIntent): Promise<Template> {
  const key = 'text' in processed ? processed.text : processed.blob.sha256;
  const known = lately.get(key);
  if (known !== undefined) return known;
  const template = readTemplate(parseTemplateText(await loadText(ctx, processed)));
  const [oldest] = lately.keys();
  if (lately.size >= MOST_KEPT && oldest !== undefined) lately.delete(oldest);
  lately.set(key, template);
  return template;
}

export async function loadPlan(
  ctx: Context,
  stack: Pick<StackRow, 'name' | 'uuid'>,
  intent: StackIntent,
): Promise<Plan> {
  return planOf(ctx, stack, intent, await loadTemplate(ctx, intent));
}

export async function planOf(
  ctx: Context,
  stack: Pick<StackRow, 'name' | 'uuid'>,
  intent: Omit<StackIntent, 'original' | 'processed'>,
  template: Template,
): Promise<Plan> {
  return new Plan({
    template,
    parameters: openParameters(intent.parameters, ctx),
    tags: intent.tags,
    place: placeOf(stack, ctx, intent),
    exports: await loadExports(ctx, ctx.store),
    endpoint: ctx.endpoint,
  });
}

async function loadExports(ctx: Context, reader: Reader): Promise<ReadonlyMap<string, string>> {
  const rows = await layout.at(ctx.account, ctx.region).exports.all(reader, []);
  return new Map(rows.map(({ key: [name], value }) => [name, value.value]));
}
