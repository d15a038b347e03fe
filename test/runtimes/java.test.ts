import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isHere } from '../support/programs.ts';
import { bothWays, folder, json, logged, specOf, world } from '../support/runtimes.ts';

const SOURCES = 'src/runtimes/bootstraps/java/core/com/amazonaws/services/lambda/runtime';

const APP = `package app;
import com.amazonaws.services.lambda.runtime.*;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.*;
import java.util.*;
public class App implements RequestHandler<App.Order, App.Receipt> {
  public enum Size { SMALL, LARGE }
  public static class Item { private String name; public int count; public String getName() { return name; } public void setName(String n) { name = n; } }
  public static class Order { private List<Item> Items; private Size size; private Map<String, Double> prices; private boolean gift;
    public void setItems(List<Item> i) { Items = i; } public void setSize(Size s) { size = s; } public void setPrices(Map<String, Double> p) { prices = p; } public void setGift(boolean g) { gift = g; } }
  public static class Receipt { public String getText() { return text; } String text; public double total; public Object nothing; public boolean isGift() { return true; } public int[] getSizes() { return new int[] {1, 2}; } }
  private int calls = 0;
  public Receipt handleRequest(Order order, Context context) {
    Receipt receipt = new Receipt();
    receipt.text = order.Items.get(0).getName() + "×" + order.Items.get(0).count + " " + order.size + " " + order.gift + " " + ++calls + " " + System.getenv("GREETING") + " " + context.getFunctionName();
    for (double price : order.prices.values()) receipt.total += price;
    context.getLogger().log("logged by " + context.getAwsRequestId() + "\\nin two lines\\n");
    System.out.println("printed ü");
    return receipt;
  }
  public static String plain(Map<String, Object> event) {
    if (event.containsKey("fail")) throw new IllegalStateException("no", new RuntimeException("why"));
    return event + " " + (System.getenv("AWS_ACCESS_KEY_ID"));
  }
  public static void bytes(InputStream in, OutputStream out, Context context) throws IOException {
    out.write('['); in.transferTo(out); out.write(','); out.write(String.valueOf(context.getRemainingTimeInMillis() > 0 && context.getMemoryLimitInMB() == 512).getBytes()); out.write(']');
  }
  public static String levels(Map<String, Object> event, Context context) {
    LambdaLogger logger = context.getLogger();
    logger.log("quiet", LogLevel.INFO); logger.log("loud \\"one\\"", LogLevel.WARN); logger.log("none");
    return "logged";
  }
  public static List<Integer> numbers(List<Integer> event) { Collections.reverse(event); return event; }
}
`;

function compile(): string {
  const at = join(folder, 'java-app');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'App.java'), APP);
  const out = join(at, 'classes');
  const core = [
    'Context',
    'RequestHandler',
    'LambdaLogger',
    'CognitoIdentity',
    'ClientContext',
    'Client',
    'logging/LogLevel',
  ];
  execFileSync('javac', [
    '-d',
    join(at, 'core'),
    ...core.map((name) => join(process.cwd(), SOURCES, `${name}.java`)),
  ]);
  execFileSync('javac', ['-encoding', 'UTF-8', '-cp', join(at, 'core'), '-d', out, join(at, 'App.java')]);
  return out;
}

if (isHere('javac')) {
  const classes = compile();
  bothWays((run) => {
    test('Java: beans, maps, streams, errors and logs', async () => {
      const java = (handler: string) =>
        specOf(classes, { runtime: 'java21', handler, memoryMb: 512, functionKey: handler });
      const order = {
        items: [{ name: 'pen', count: 2 }],
        size: 'LARGE',
        prices: { a: 1.5, b: 2 },
        gift: true,
      };
      const answer = await run(java('app.App'), order, { requestId: 'java-1' });
      assert.deepEqual(json(answer), {
        gift: true,
        nothing: null,
        sizes: [1, 2],
        text: 'pen×2 LARGE true 1 hello f',
        total: 3.5,
      });
      assert.ok(answer.maxMemoryMb > 10);
      const lines = logged.filter(({ requestId }) => requestId === 'java-1').map(({ text }) => text);
      assert.ok(lines.includes('logged by java-1\nin two lines\n'), String(lines));
      assert.ok(lines.includes('printed ü\n'));
      assert.equal((json(await run(java('app.App'), order)) as { text: string }).text.split(' ')[3], '2');

      const plain = java('app.App::plain');
      assert.equal(json(await run(plain, { a: [1, 'é', null] })), '{a=[1, é, null]} ASIA');
      const failed = await run(plain, { fail: 1 });
      assert.equal(failed.error, 'Unhandled');
      const error = json(failed) as {
        errorType: string;
        stackTrace: string[];
        cause: { errorMessage: string };
      };
      assert.equal(error.errorType, 'java.lang.IllegalStateException');
      assert.match(error.stackTrace[0] ?? '', /^app\.App\.plain\(App\.java:\d+\)$/);
      assert.equal(error.stackTrace.length, 1);
      assert.equal(error.cause.errorMessage, 'why');
      assert.deepEqual(json(await run(java('app.App::numbers'), [1, 2, 3])), [3, 2, 1]);
      assert.deepEqual(json(await run(java('app.App::bytes'), { x: 'ü' })), [{ x: 'ü' }, true]);
      const absent = json(await run(java('app.Other'), {})) as { errorMessage: string };
      assert.equal(absent.errorMessage, 'Class not found: app.Other');
    });

    test('Java: levels in text, and what a level leaves out of JSON', async () => {
      const plain = specOf(classes, { runtime: 'java21', handler: 'app.App::levels', memoryMb: 512 });
      const linesOf = (id: string) =>
        logged.filter(({ requestId }) => requestId === id).map(({ text }) => text);
      const id = world.random.uuid();
      await run({ ...plain, functionKey: 'text' }, {}, { requestId: id });
      assert.deepEqual(linesOf(id), ['[INFO] quiet', '[WARN] loud "one"', 'none']);
      const json = world.random.uuid();
      const spec = {
        ...plain,
        functionKey: 'json',
        environment: (name: string) => ({
          ...plain.environment(name, 'on-demand'),
          AWS_LAMBDA_LOG_FORMAT: 'JSON',
          AWS_LAMBDA_LOG_LEVEL: 'WARN',
        }),
      };
      await run(spec, {}, { requestId: json });
      const entries = linesOf(json).map((text) => JSON.parse(text) as { timestamp: string });
      for (const { timestamp } of entries) assert.match(timestamp, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/);
      assert.deepEqual(
        entries.map((entry) => ({ ...entry, timestamp: '' })),
        [
          { timestamp: '', message: 'loud "one"', level: 'WARN', AWSRequestId: json },
          { timestamp: '', message: 'none', level: 'UNDEFINED', AWSRequestId: json },
        ],
      );
    });
  });
} else test('Java functions', { skip: 'no javac on the PATH' }, () => {});
