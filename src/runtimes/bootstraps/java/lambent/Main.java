package lambent;

import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs a Java function: starts before it knows it, waits for the claim, and only then loads the handler. Its one
 * argument is a folder with AWS's interfaces, for functions that are packed without them.
 */
public final class Main {
  private static final String API = "/2018-06-01/runtime/";
  private static final String NEXT = API + "invocation/next";

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Api api = new Api();
    try {
      api.ask("/lambent/claim");
      Map<?, ?> claim = (Map<?, ?>) Json.parse(new String(api.await("lambent-claim").body, StandardCharsets.UTF_8));
      setVariables((Map<?, ?>) claim.get("environment"));
      serve(api, claim, load(api, claim, arguments[0]));
    } catch (EOFException serverHasGone) {
      Runtime.getRuntime().halt(0);
    }
  }

  private static Handler load(Api api, Map<?, ?> claim, String interfaces) throws IOException {
    try {
      ClassLoader loader = loaderOf(new File((String) claim.get("codeFolder")), interfaces);
      Thread.currentThread().setContextClassLoader(loader);
      return Handler.find((String) claim.get("handler"), loader);
    } catch (Throwable thrown) {
      api.record(trace(thrown));
      api.post(API + "init/error", errorHeader(thrown), answerOf(thrown), null);
      Runtime.getRuntime().halt(1);
      return null;
    }
  }

  private static void serve(Api api, Map<?, ?> claim, Handler handler) throws IOException {
    Map<?, ?> function = (Map<?, ?>) claim.get("function");
    Log log = new Log((Map<?, ?>) claim.get("environment"));
    api.ask(NEXT);
    for (;;) {
      Api.Message message = api.await("lambda-runtime-aws-request-id");
      String id = message.headers.get("lambda-runtime-aws-request-id");
      String traceHeader = message.headers.get("lambda-runtime-trace-id");
      if (traceHeader == null) System.clearProperty("com.amazonaws.xray.traceHeader");
      else System.setProperty("com.amazonaws.xray.traceHeader", traceHeader);
      byte[] answer;
      try {
        answer = handler.call(message.body, new Invocation(api, message.headers, function, log));
      } catch (Throwable thrown) {
        System.out.flush();
        api.record(trace(thrown));
        if (thrown instanceof VirtualMachineError) {
          api.post(API + "invocation/" + id + "/error", errorHeader(thrown), answerOf(thrown), null);
          Runtime.getRuntime().halt(1);
        }
        api.post(API + "invocation/" + id + "/error", errorHeader(thrown), answerOf(thrown), NEXT);
        continue;
      }
      System.out.flush();
      api.post(API + "invocation/" + id + "/response", "", answer, NEXT);
    }
  }

  /** The code itself, its `lib`, the layers' `java/lib`, and last AWS's interfaces, should none of those have them. */
  private static ClassLoader loaderOf(File code, String interfaces) throws MalformedURLException {
    List<URL> path = new ArrayList<>();
    path.add(code.toURI().toURL());
    addJars(path, code);
    addJars(path, new File(code, "lib"));
    addJars(path, new File("/opt/java/lib"));
    path.add(new File(interfaces).toURI().toURL());
    return new URLClassLoader(path.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
  }

  private static void addJars(List<URL> path, File folder) throws MalformedURLException {
    File[] jars = folder.listFiles((parent, name) -> name.endsWith(".jar"));
    if (jars == null) return;
    Arrays.sort(jars);
    for (File jar : jars) path.add(jar.toURI().toURL());
  }

  /** The variables of a process cannot be set from within; what `System.getenv` reads can. */
  @SuppressWarnings("unchecked")
  private static void setVariables(Map<?, ?> variables) throws ReflectiveOperationException {
    Map<String, String> shown = System.getenv();
    Field inner = shown.getClass().getDeclaredField("m");
    inner.setAccessible(true);
    Map<String, String> held = (Map<String, String>) inner.get(shown);
    variables.forEach((name, value) -> held.put((String) name, (String) value));
  }

  private static String errorHeader(Throwable thrown) {
    return "Lambda-Runtime-Function-Error-Type: " + typeOf(thrown).replaceAll("[^\\x20-\\x7e]", "?") + "\r\n";
  }

  private static String typeOf(Throwable thrown) {
    return thrown instanceof Handler.BadHandler ? ((Handler.BadHandler) thrown).type : thrown.getClass().getName();
  }

  private static byte[] answerOf(Throwable thrown) {
    return Mapper.print(errorOf(thrown)).getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Object> errorOf(Throwable thrown) {
    Map<String, Object> error = new LinkedHashMap<>();
    if (thrown.getMessage() != null) error.put("errorMessage", thrown.getMessage());
    error.put("errorType", typeOf(thrown));
    List<String> trace = new ArrayList<>();
    for (StackTraceElement frame : thrown.getStackTrace()) {
      // The function's own frames end where it was called.
      if (frame.getClassName().startsWith("lambent.") || frame.getClassName().startsWith("jdk.internal.reflect.")) break;
      trace.add(frame.toString());
    }
    error.put("stackTrace", trace);
    if (thrown.getCause() != null && thrown.getCause() != thrown) error.put("cause", errorOf(thrown.getCause()));
    return error;
  }

  private static String trace(Throwable thrown) {
    if (thrown instanceof Handler.BadHandler) return thrown.getMessage() + ": " + typeOf(thrown) + "\n";
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return thrown.getMessage() + ": " + thrown.getClass().getName() + "\n" + text;
  }
}
