import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isHere } from '../support/programs.ts';
import { bothWays, folder, json, logged, specOf, world } from '../support/runtimes.ts';

/** As far as functions meet it, with AWS's names: the package itself comes from NuGet. */
const CORE = `using System;
using System.IO;
namespace Amazon.Lambda.Core {
  public interface ILambdaLogger { void Log(string message); void LogLine(string message); void LogWarning(string message, params object[] args); }
  public interface IClientApplicationInfo { string AppTitle { get; } }
  public interface IClientContext { IClientApplicationInfo Client { get; } System.Collections.Generic.IDictionary<string, string> Custom { get; } }
  public interface ILambdaContext { string AwsRequestId { get; } string FunctionName { get; } string LogStreamName { get; } int MemoryLimitInMB { get; }
    TimeSpan RemainingTime { get; } ILambdaLogger Logger { get; } IClientContext ClientContext { get; } string InvokedFunctionArn { get; } }
  public interface ILambdaSerializer { T Deserialize<T>(Stream requestStream); void Serialize<T>(T response, Stream responseStream); }
  [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method)]
  public sealed class LambdaSerializerAttribute : Attribute { public Type SerializerType { get; set; } public LambdaSerializerAttribute(Type type) { SerializerType = type; } }
  public static class LambdaLogger { private static Action<string> _loggingAction = Console.WriteLine; public static void Log(string message) { _loggingAction(message); } }
}`;

const APP = `using System;
using System.IO;
using System.Threading.Tasks;
using Amazon.Lambda.Core;
[assembly: LambdaSerializer(typeof(App.Json))]
namespace App {
  public class Json : ILambdaSerializer {
    public T Deserialize<T>(Stream stream) { return System.Text.Json.JsonSerializer.Deserialize<T>(new StreamReader(stream).ReadToEnd()); }
    public void Serialize<T>(T value, Stream stream) { var bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value); stream.Write(bytes, 0, bytes.Length); }
  }
  public class Order { public string Item { get; set; } public int Count { get; set; } }
  public class Receipt { public string Text { get; set; } public int Calls { get; set; } public bool Left { get; set; } public string Title { get; set; } public string Custom { get; set; } public string Trace { get; set; } }
  public class Functions {
    int calls;
    public async Task<Receipt> Take(Order order, ILambdaContext context) {
      await Task.Delay(1);
      Console.WriteLine("printed ü\\nin two lines");
      context.Logger.LogWarning("{Count} of {Item}", order.Count, order.Item);
      LambdaLogger.Log("by the library");
      var client = context.ClientContext;
      return new Receipt { Text = order.Item + "x" + order.Count + " " + Environment.GetEnvironmentVariable("GREETING") + " " + context.FunctionName + " " + context.MemoryLimitInMB,
        Calls = ++calls, Left = context.RemainingTime > TimeSpan.Zero, Title = client == null ? null : client.Client.AppTitle, Custom = client == null ? null : client.Custom["a"], Trace = Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID") };
    }
    public static Stream Echo(Stream input) { var copy = new MemoryStream(); input.CopyTo(copy); copy.Position = 0; return copy; }
    public static void Nothing(ILambdaContext context) {}
    public static int Fail(Order order) { throw new InvalidOperationException("no", new Exception("why")); }
    public static async void Lost(Order order) { await Task.Delay(1); }
    public static int Exit(Order order) { Environment.Exit(3); return 1; }
  }
}`;

const LOOP = `using System;
using System.Net.Http;
static class Program {
  static void Main() {
    var api = "http://" + Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/";
    using (var client = new HttpClient()) for (;;) {
      var next = client.GetAsync(api + "next").GetAwaiter().GetResult();
      var id = string.Join("", next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id"));
      client.PostAsync(api + id + "/response", new StringContent("[" + next.Content.ReadAsStringAsync().GetAwaiter().GetResult() + "]")).GetAwaiter().GetResult();
    }
  }
}`;

const output = (...args: string[]) => execFileSync('dotnet', args, { encoding: 'utf8' }).trim();

/** Without a project: the compiler of the SDK and the framework's own libraries. */
function compile(): string {
  const [, sdk = '', sdks = ''] =
    /^(\S+) \[(.*)\]$/.exec(output('--list-sdks').split('\n').at(-1) ?? '') ?? [];
  const [, version = '', frameworks = ''] =
    /^Microsoft\.NETCore\.App (\S+) \[(.*)\]$/m.exec(output('--list-runtimes')) ?? [];
  const framework = join(frameworks, version);
  const libraries = readdirSync(framework).filter((name) => name.endsWith('.dll'));
  const at = join(folder, 'dotnet-app');
  const place = (name: string) => join(at, name === 'Loop' ? 'loop' : 'out');
  for (const name of ['App', 'Loop']) mkdirSync(place(name), { recursive: true });
  const build = (name: string, source: string, ...more: string[]) => {
    writeFileSync(join(at, `${name}.cs`), source);
    const references = libraries.map((library) => `-r:${join(framework, library)}`);
    output(
      'exec',
      join(sdks, sdk, 'Roslyn/bincore/csc.dll'),
      '-noconfig',
      '-nostdlib',
      `-out:${join(place(name), name)}.dll`,
      ...more,
      ...references,
      join(at, `${name}.cs`),
    );
  };
  build('Amazon.Lambda.Core', CORE, '-target:library');
  build('App', APP, '-target:library', `-r:${join(place('App'), 'Amazon.Lambda.Core.dll')}`);
  build('Loop', LOOP, '-target:exe');
  const major = version.split('.').slice(0, 2).join('.');
  const target = `.NETCoreApp,Version=v${major}`;
  for (const name of ['App', 'Loop']) {
    const runtimeOptions = { framework: { name: 'Microsoft.NETCore.App', version: `${major}.0` } };
    writeFileSync(join(place(name), `${name}.runtimeconfig.json`), JSON.stringify({ runtimeOptions }));
    const parts = name === 'App' ? ['App', 'Amazon.Lambda.Core'] : ['Loop'];
    const targets = Object.fromEntries(
      parts.map((part) => [`${part}/1.0.0`, { runtime: { [`${part}.dll`]: {} } }]),
    );
    const libraries = Object.fromEntries(
      parts.map((part) => [`${part}/1.0.0`, { type: 'project', serviceable: false, sha512: '' }]),
    );
    writeFileSync(
      join(place(name), `${name}.deps.json`),
      JSON.stringify({
        runtimeTarget: { name: target, signature: '' },
        targets: { [target]: targets },
        libraries,
      }),
    );
  }
  return at;
}

if (isHere('dotnet')) {
  const code = compile();
  const dotnet = (handler: string, more = {}) =>
    specOf(join(code, handler === 'Loop' ? 'loop' : 'out'), {
      runtime: 'dotnet8',
      memoryMb: 512,
      handler,
      functionKey: handler,
      ...more,
    });
  const linesOf = (id: string) => logged.filter(({ requestId }) => requestId === id).map(({ text }) => text);
  bothWays((run) => {
    test('.NET: objects, streams, the context and logs', async () => {
      const take = dotnet('App::App.Functions::Take');
      const clientContext = '{"client":{"app_title":"T"},"custom":{"a":"b"}}';
      const answer = await run(take, { Item: 'pen', Count: 2 }, { requestId: 'net-1', clientContext });
      assert.deepEqual(json(answer), {
        Text: 'penx2 hello f 512',
        Calls: 1,
        Left: true,
        Title: 'T',
        Custom: 'b',
        Trace: 'Root=1-5-6',
      });
      assert.ok(answer.maxMemoryMb > 10);
      const lines = linesOf('net-1');
      for (const wanted of [
        /^\S+Z\tnet-1\tinfo\tprinted ü\nin two lines\n$/,
        /^\S+Z\tnet-1\twarn\t2 of pen\n$/,
        /\tinfo\tby the library\n$/,
      ]) {
        assert.ok(
          lines.some((line) => wanted.test(line)),
          `${wanted}: ${JSON.stringify(lines)}`,
        );
      }
      assert.equal((json(await run(take, { Item: 'a', Count: 1 })) as { Calls: number }).Calls, 2);
      assert.deepEqual(json(await run(dotnet('App::App.Functions::Echo'), { x: 'ü' })), { x: 'ü' });
      assert.equal(json(await run(dotnet('App::App.Functions::Nothing'), {})), null);
    });

    test('.NET: JSON logs from their level on', async () => {
      const { environment } = dotnet('');
      const spec = dotnet('App::App.Functions::Take', {
        functionKey: 'json',
        environment: (id: string) => ({
          ...environment(id, 'on-demand'),
          AWS_LAMBDA_LOG_FORMAT: 'JSON',
          AWS_LAMBDA_LOG_LEVEL: 'WARN',
        }),
      });
      const requestId = world.random.uuid();
      await run(spec, { Item: 'pen', Count: 2 }, { requestId });
      const [line, ...others] = linesOf(requestId).map((text) => JSON.parse(text) as Record<string, unknown>);
      assert.equal(others.length, 0);
      assert.deepEqual(
        { ...line, timestamp: '' },
        {
          timestamp: '',
          level: 'Warning',
          requestId,
          traceId: 'Root=1-5-6',
          message: '2 of pen',
          Count: 2,
          Item: 'pen',
        },
      );
    });

    test('.NET: what fails, and how', async () => {
      const failed = await run(dotnet('App::App.Functions::Fail'), { Item: 'a' }, { requestId: 'net-3' });
      assert.equal(failed.error, 'Unhandled');
      const error = json(failed) as {
        errorType: string;
        stackTrace: string[];
        cause: { errorMessage: string };
      };
      assert.equal(error.errorType, 'InvalidOperationException');
      assert.equal(error.stackTrace.length, 1);
      assert.match(error.stackTrace[0] ?? '', /^ {3}at App\.Functions\.Fail\(Order order\)/);
      assert.equal(error.cause.errorMessage, 'why');
      assert.match(linesOf('net-3')[0] ?? '', /\tfail\tSystem\.InvalidOperationException: no/);
      const wrong: Readonly<Record<string, RegExp>> = {
        'App::App.Other::Take': /^Unable to load type 'App\.Other' from assembly 'App'\.$/,
        'App::App.Functions::Other':
          /^Unable to find method 'Other' in type 'App\.Functions' from assembly 'App': Found no methods/,
        'Other::App.Functions::Take':
          /^Could not find the specified handler assembly with the file name 'Other/,
        'App::App.Functions::Lost': /because it is an 'async void' method/,
        'App::Take': /^Invalid lambda function handler: 'App::Take'/,
      };
      for (const [handler, message] of Object.entries(wrong)) {
        const { errorType, errorMessage } = json(await run(dotnet(handler, { handler }), {})) as {
          errorType: string;
          errorMessage: string;
        };
        assert.equal(errorType, 'LambdaValidationException', handler);
        assert.match(errorMessage, message);
      }
      const ended = await run(dotnet('App::App.Functions::Exit'), { Item: 'a' });
      assert.match((json(ended) as { errorMessage: string }).errorMessage, /exit status 3$/);
    });

    test('.NET: a program that serves itself', async () => {
      assert.deepEqual(json(await run(dotnet('Loop'), { a: 1 })), [{ a: 1 }]);
      const absent = await run(dotnet('Absent'), {});
      assert.match((json(absent) as { errorMessage: string }).errorMessage, /exit status 104$/);
    });
  });
} else test('.NET functions', { skip: 'no .NET SDK on the PATH' }, () => {});
