package lambent;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;

/** One invocation's facts, shown to the handler as whatever version of AWS's `Context` it was compiled with. */
final class Invocation {
  static final String CONTEXT = "com.amazonaws.services.lambda.runtime.Context";

  private final Api api;
  private final Map<String, String> headers;
  private final Map<?, ?> function;
  private final Log log;

  Invocation(Api api, Map<String, String> headers, Map<?, ?> function, Log log) {
    this.log = log;
    this.api = api;
    this.headers = headers;
    this.function = function;
  }

  Object context(Class<?> type) {
    return proxy(type, (self, method, arguments) -> {
      switch (method.getName()) {
        case "getAwsRequestId":
          return headers.get("lambda-runtime-aws-request-id");
        case "getLogGroupName":
          return function.get("logGroup");
        case "getLogStreamName":
          return function.get("logStream");
        case "getFunctionName":
          return function.get("name");
        case "getFunctionVersion":
          return function.get("version");
        case "getInvokedFunctionArn":
          return headers.get("lambda-runtime-invoked-function-arn");
        case "getRemainingTimeInMillis":
          return (int) (Long.parseLong(headers.get("lambda-runtime-deadline-ms")) - now());
        case "getMemoryLimitInMB":
          return Integer.parseInt(String.valueOf(function.get("memoryMb")));
        case "getLogger":
          return proxy(method.getReturnType(), this::log);
        case "getIdentity":
          return viewOf("lambda-runtime-cognito-identity", method.getReturnType());
        case "getClientContext":
          return viewOf("lambda-runtime-client-context", method.getReturnType());
        default:
          return null;
      }
    });
  }

  /** The virtual time: deadlines are on it. */
  private long now() {
    return System.currentTimeMillis() + (long) Double.parseDouble(headers.getOrDefault("lambent-clock-offset-ms", "0"));
  }

  private Object log(Object self, Method method, Object[] arguments) {
    if (arguments == null || !method.getName().equals("log")) return null;
    String level = arguments.length > 1 ? String.valueOf(arguments[1]) : Log.UNDEFINED;
    if (!log.wants(level)) return null;
    // Bytes are the function's own format.
    if (arguments[0] instanceof byte[]) api.record((byte[]) arguments[0]);
    else api.record(log.format(String.valueOf(arguments[0]), level, headers.get("lambda-runtime-aws-request-id"), now()));
    return null;
  }

  /** JSON in a header, as an interface with a getter for each of its members. */
  private Object viewOf(String header, Class<?> type) {
    String text = headers.get(header);
    return text == null ? null : view(Json.parse(text), type);
  }

  private static Object view(Object json, Class<?> type) {
    if (!(json instanceof Map) || !type.isInterface() || type == Map.class) return json;
    return proxy(type, (self, method, arguments) -> {
      String name = method.getName().startsWith("get") ? method.getName().substring(3) : method.getName();
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) json).entrySet()) {
        String key = String.valueOf(entry.getKey()).replace("_", "");
        if (key.equalsIgnoreCase(name) || name.equals("Environment") && key.equals("env")) return view(entry.getValue(), method.getReturnType());
      }
      return null;
    });
  }

  private static Object proxy(Class<?> type, InvocationHandler handler) {
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
      if (method.getDeclaringClass() != Object.class) return handler.invoke(self, method, arguments);
      if (method.getName().equals("equals")) return self == arguments[0];
      return method.getName().equals("hashCode") ? (Object) System.identityHashCode(self) : type.getSimpleName();
    });
  }
}
