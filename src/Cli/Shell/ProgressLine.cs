using System.Diagnostics;
using System.Globalization;
using Orrery.Lab.Runs;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Shell;

/// <summary>One line on a terminal's standard error that overwrites itself; nothing anywhere else.</summary>
internal sealed class ProgressLine(Terminal terminal) : IDisposable
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _shown;

    /// <summary>Null where nobody looks, so that the laboratory need not ask for the time.</summary>
    public Action<RunProgress>? OfRun => terminal.ShowsProgress ? Show : null;

    public Action<StudyProgress>? OfStudy => terminal.ShowsProgress ? Show : null;

    /// <summary>Shows a text of the caller's.</summary>
    public void Say(string text)
    {
        if (!terminal.ShowsProgress) return;
        string line = text.Length > Terminal.Columns ? text[..Terminal.Columns] : text;
        terminal.Error.Write("\r" + line.PadRight(_shown));
        _shown = line.Length;
    }

    public void Dispose()
    {
        if (_shown > 0) terminal.Error.Write("\r" + new string(' ', _shown) + "\r");
        _shown = 0;
    }

    private void Show(RunProgress progress)
    {
        double perSecond = progress.WallSeconds > 0 ? progress.Arrived / progress.WallSeconds : 0;
        string left = progress.Expected is { } all && perSecond > 0 ? $", {Span((all - progress.Arrived) / perSecond)} left" : "";
        string share = progress.Expected is { } expected and > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({100.0 * progress.Arrived / expected:0} %)") : "";
        Say(string.Create(CultureInfo.InvariantCulture,
            $"{progress.Arrived:N0} requests arrived{share}, {progress.Finished:N0} finished, {progress.VirtualSeconds:N0} s simulated, {perSecond:N0} requests/s{left}"));
    }

    private void Show(StudyProgress progress)
    {
        double spent = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        string left = progress.Finished > 0 ? $", {Span(spent / progress.Finished * (progress.Runs - progress.Finished))} left" : "";
        Say(string.Create(CultureInfo.InvariantCulture, $"{progress.Finished} of {progress.Runs} runs{left}  {progress.Label}"));
    }

    private static string Span(double seconds) => seconds < 90
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min");
}
