namespace Orrery.Lab.Runs;

/// <summary>How sure the figures of a run are: asked for with a run.</summary>
public sealed record IntervalSettings
{
    /// <summary>Probability with which an interval covers what a measurement would find.</summary>
    public const double Level = 0.9;

    /// <summary>Most requests of a draw: with eight draws and their base, nothing beside a run of a million.</summary>
    public const long MostRequests = 1000;

    /// <summary>Fewest requests of a draw, so that queues and batches have time to form.</summary>
    public const long FewestRequests = 200;

    /// <summary>A draw has so many times fewer requests than the run: nine of them cost less than two fifths of it.</summary>
    public const long RequestsPerDrawRequest = 25;

    /// <summary>Requests of each draw; null for the rule of the constants above.</summary>
    public long? DrawRequests { get; init; }

    /// <summary>Requests of each draw of a run with so many.</summary>
    public long RequestsOf(long arrived) => Math.Min(arrived, DrawRequests ?? Math.Clamp(arrived / RequestsPerDrawRequest, FewestRequests, MostRequests));
}
