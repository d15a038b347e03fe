package com.amazonaws.services.lambda.runtime;

/** As functions are compiled with it. */
public interface RequestHandler<I, O> {
  O handleRequest(I input, Context context);
}
