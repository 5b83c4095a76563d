using System.Globalization;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs;

/// <summary>A part of a run: of its virtual time, from (included) to (excluded), of its requests, or both. What a paper measured where it did not measure everything.</summary>
/// <param name="From">The start of the run for all of it.</param>
/// <param name="To"><see cref="Instant.Never"/> for the end of the run.</param>
/// <param name="Priority">Only requests of this priority; null for all.</param>
public sealed record RunWindow(Instant From, Instant To, int? Priority = null)
{
    private bool IsWholeRun => From == Instant.Zero && To.IsNever;

    /// <param name="runSeconds">Of the whole run.</param>
    public double Seconds(double runSeconds) => (To.IsNever ? runSeconds : To.Seconds) - From.Seconds;

    public bool Contains(Instant instant) => instant >= From && instant < To;

    public bool Counts(Sequence sequence) => Priority is not { } priority || sequence.Priority == priority;

    public override string ToString()
    {
        string time = IsWholeRun ? "" : string.Create(CultureInfo.InvariantCulture, $"{From.Seconds:0.###} s to {(To.IsNever ? "the end" : $"{To.Seconds:0.###} s")}");
        string who = Priority is { } priority ? string.Create(CultureInfo.InvariantCulture, $"priority {priority}") : "";
        return string.Join(", ", new[] { time, who }.Where(part => part.Length > 0));
    }
}
