using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Lambent {
  /// <summary>
  /// Runs a .NET function of a class library: waits for its claim, finds the handler, and serves. What the function's
  /// package brings is found by the host, which was started with the package's own list of dependencies.
  /// </summary>
  static class Program {
    const string Api = "/2018-06-01/runtime/";
    const string Next = Api + "invocation/next";
    const string RequestId = "lambda-runtime-aws-request-id";

    static int Main(string[] arguments) {
      // Asked whether it can start at all.
      if (arguments.Length > 0 && arguments[0] == "cultures") return CultureInfo.InvariantCulture.LCID > 0 ? 0 : 1;
      var api = new Api();
      try {
        api.Ask("/lambent/claim");
        using (var claim = JsonDocument.Parse(api.Await("lambent-claim").Body)) {
          var logs = new Logs(api, Variables(claim.RootElement));
          Console.SetOut(logs.Writer("Information"));
          Console.SetError(logs.Writer("Error"));
          Handler handler;
          try {
            handler = Handler.Find(claim.RootElement.GetProperty("handler").GetString(), logs);
          } catch (Exception error) {
            logs.Write("Error", error, null, null);
            api.Post(Api + "init/error", ErrorHeader(error), Failure.AnswerOf(error), null);
            return 1;
          }
          Serve(api, logs, handler, claim.RootElement.GetProperty("function"));
        }
      } catch (EndOfStreamException) {
        // The server has gone, or let go of this process.
      }
      return 0;
    }

    static void Serve(Api api, Logs logs, Handler handler, JsonElement function) {
      api.Ask(Next);
      for (;;) {
        var message = api.Await(RequestId);
        var id = message.Headers[RequestId];
        string trace;
        message.Headers.TryGetValue("lambda-runtime-trace-id", out trace);
        Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", trace);
        logs.RequestId = id;
        logs.TraceId = trace;
        byte[] answer;
        try {
          answer = handler.Call(message.Body, new Invocation(message.Headers, function, logs));
        } catch (Exception error) {
          logs.Write("Error", error, null, null);
          logs.Flush();
          api.Post(Api + "invocation/" + id + "/error", ErrorHeader(error), Failure.AnswerOf(error), Next);
          continue;
        }
        logs.Flush();
        api.Post(Api + "invocation/" + id + "/response", "", answer, Next);
      }
    }

    /// <summary>They are in the process from its start; those of the log are asked for here.</summary>
    static Func<string, string> Variables(JsonElement claim) {
      var variables = new Dictionary<string, string>();
      foreach (var variable in claim.GetProperty("environment").EnumerateObject()) variables[variable.Name] = variable.Value.GetString();
      return name => {
        string value;
        return variables.TryGetValue(name, out value) ? value : null;
      };
    }

    static string ErrorHeader(Exception error) {
      var type = new StringBuilder(error.GetType().Name);
      for (var at = 0; at < type.Length; at++) if (type[at] < ' ' || type[at] > '~') type[at] = '?';
      return "Lambda-Runtime-Function-Error-Type: " + type + "\r\n";
    }
  }
}
