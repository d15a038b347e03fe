using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text.Json;

namespace Lambent {
  /// <summary>An interface of the function's own assemblies, answered by a delegate.</summary>
  public class Facade : DispatchProxy {
    Func<MethodInfo, object[], object> answer;

    protected override object Invoke(MethodInfo method, object[] arguments) {
      var value = answer(method, arguments);
      return value == null && method.ReturnType.IsValueType && method.ReturnType != typeof(void) ? Activator.CreateInstance(method.ReturnType) : value;
    }

    public static object Of(Type type, Func<MethodInfo, object[], object> answer) {
      var create = typeof(DispatchProxy).GetMethods().First(one => one.Name == "Create" && one.IsGenericMethodDefinition);
      var made = create.MakeGenericMethod(type, typeof(Facade)).Invoke(null, null);
      ((Facade)made).answer = answer;
      return made;
    }
  }

  /// <summary>One invocation's facts, shown as whatever version of ILambdaContext the function was compiled with.</summary>
  sealed class Invocation {
    readonly Dictionary<string, string> headers;
    readonly JsonElement function;
    readonly Logs logs;

    public Invocation(Dictionary<string, string> headers, JsonElement function, Logs logs) {
      this.headers = headers;
      this.function = function;
      this.logs = logs;
    }

    public object As(Type context) {
      return Facade.Of(context, (method, arguments) => Fact(method.Name, method.ReturnType));
    }

    object Fact(string name, Type type) {
      switch (name) {
        case "get_AwsRequestId": return Header("lambda-runtime-aws-request-id");
        case "get_InvokedFunctionArn": return Header("lambda-runtime-invoked-function-arn");
        case "get_TraceId": return Header("lambda-runtime-trace-id") ?? "";
        case "get_TenantId": return "";
        case "get_FunctionName": return Text("name");
        case "get_FunctionVersion": return Text("version");
        case "get_LogGroupName": return Text("logGroup");
        case "get_LogStreamName": return Text("logStream");
        case "get_MemoryLimitInMB": return int.Parse(Text("memoryMb"), CultureInfo.InvariantCulture);
        case "get_RemainingTime": return Remaining();
        case "get_Logger": return Facade.Of(type, (method, arguments) => logs.Log(method, arguments));
        case "get_ClientContext": return View("lambda-runtime-client-context", type);
        case "get_Identity": return View("lambda-runtime-cognito-identity", type);
        default: return null;
      }
    }

    string Header(string name) {
      string value;
      return headers.TryGetValue(name, out value) ? value : null;
    }

    string Text(string name) {
      return function.GetProperty(name).GetString();
    }

    /// <summary>Deadlines are on the virtual clock, and .NET shows the machine's.</summary>
    TimeSpan Remaining() {
      var deadline = double.Parse(Header("lambda-runtime-deadline-ms"), CultureInfo.InvariantCulture);
      var offset = double.Parse(Header("lambent-clock-offset-ms") ?? "0", CultureInfo.InvariantCulture);
      var now = (DateTime.UtcNow - new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc)).TotalMilliseconds + offset;
      return TimeSpan.FromMilliseconds(Math.Max(0, deadline - now));
    }

    /// <summary>JSON in a header, as an interface with a property for each of its members.</summary>
    object View(string header, Type type) {
      var text = Header(header);
      return text == null ? null : View(JsonDocument.Parse(text).RootElement, type);
    }

    static object View(JsonElement json, Type type) {
      if (type == typeof(string)) return json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText();
      if (json.ValueKind != JsonValueKind.Object) return null;
      if (typeof(IDictionary<string, string>) == type) {
        return json.EnumerateObject().ToDictionary(member => member.Name, member => (string)View(member.Value, typeof(string)));
      }
      return Facade.Of(type, (method, arguments) => {
        var name = method.Name.Replace("get_", "").ToLowerInvariant();
        foreach (var member in json.EnumerateObject()) {
          var key = member.Name.Replace("_", "").ToLowerInvariant();
          if (key == name || key == "cognito" + name || key == "env" && name == "environment") return View(member.Value, method.ReturnType);
        }
        return null;
      });
    }
  }
}
