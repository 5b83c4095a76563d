using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>An estimate of a request's next tool call.</summary>
/// <param name="AfterTokens">Output tokens since the start of the request at which the call is made; the whole output when none is expected.</param>
/// <param name="Duration">How long it takes; zero when none is expected.</param>
/// <param name="ReturnTokens">Tokens that it puts into the context.</param>
public readonly record struct CallForecast(int AfterTokens, Duration Duration, int ReturnTokens);

/// <summary>What is foretold of the tool calls of one request.</summary>
public interface ICallForecasts
{
    /// <summary>The call after so many calls were made. The same for equal arguments.</summary>
    CallForecast Next(int callsMade);
}

/// <summary>Foretells tool calls.</summary>
public interface ICallPredictor
{
    /// <returns>Null when nothing is foretold.</returns>
    ICallForecasts? Track(Request request);

    /// <summary>A request finished; learning predictors take its true calls.</summary>
    void Observe(Request request)
    {
    }
}
