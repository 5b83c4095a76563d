using System.Runtime.InteropServices;
using System.Text;

namespace Orrery.Cli.Shell;

/// <summary>Where a verb writes and what it may assume there. Tests pass string writers; the process passes the console.</summary>
internal sealed class Terminal : IDisposable
{
    /// <summary>Every table and sentence fits this many columns.</summary>
    public const int Columns = 100;

    /// <summary>One key press may arrive twice, to the process and to its group; a person does not press again within this time.</summary>
    private const long OneKeyPressMilliseconds = 300;

    private readonly CancellationTokenSource _interrupt = new();
    private PosixSignalRegistration? _signal;

    public Terminal(TextWriter output, TextWriter error, bool hasColor = false, bool showsProgress = false)
    {
        Output = output;
        Error = error;
        HasColor = hasColor;
        ShowsProgress = showsProgress;
    }

    /// <summary>Data and tables.</summary>
    public TextWriter Output { get; private set; }

    /// <summary>Errors, progress and hints.</summary>
    public TextWriter Error { get; }

    public bool HasColor { get; private set; }

    /// <summary>True when standard error is a terminal and nobody asked for quiet.</summary>
    public bool ShowsProgress { get; private set; }

    /// <summary>Nothing but data and errors is wanted.</summary>
    public bool IsQuiet { get; private set; }

    /// <summary>Standard output carries machine-readable data and nothing else.</summary>
    public TextWriter? Data { get; private set; }

    /// <summary>The reader of standard output went away.</summary>
    public bool HasLostReader { get; private set; }

    /// <summary>Set by the first Ctrl-C after <see cref="WatchInterrupt"/>, or by <see cref="Interrupt"/>.</summary>
    public CancellationToken Interrupted => _interrupt.Token;

    public static Terminal OfProcess()
    {
        var plainUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        const int bufferBytes = 1 << 14;
        var output = new StreamWriter(Console.OpenStandardOutput(), plainUtf8, bufferBytes) { AutoFlush = false };
        var error = new StreamWriter(Console.OpenStandardError(), plainUtf8, 256) { AutoFlush = true };
        bool noColor = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(output, error, hasColor: !noColor && !Console.IsOutputRedirected, showsProgress: !Console.IsErrorRedirected);
    }

    /// <summary>Applies <c>--quiet</c>: no tables, no progress; errors and data remain.</summary>
    public void BeQuiet()
    {
        Output = TextWriter.Null == Output ? Output : Silence(Output);
        ShowsProgress = false;
        IsQuiet = true;
    }

    /// <summary>Applies <c>--no-color</c>.</summary>
    public void DropColor() => HasColor = false;

    /// <summary>Gives standard output to data: tables are dropped, so that a pipe sees one document only.</summary>
    public TextWriter ClaimData()
    {
        Data ??= Output is SilentWriter silent ? silent.Behind : Output;
        Output = TextWriter.Null;
        return Data;
    }

    /// <summary>From now on the first Ctrl-C asks the verb to stop and the second ends the process at once.</summary>
    /// <param name="whatHappens">Told to the user at the first one.</param>
    public void WatchInterrupt(string whatHappens)
    {
        long firstAt = 0;
        _signal ??= PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            if (_interrupt.IsCancellationRequested && Environment.TickCount64 - firstAt > OneKeyPressMilliseconds) Environment.Exit(ExitCode.Interrupted);
            context.Cancel = true;
            if (_interrupt.IsCancellationRequested) return;
            firstAt = Environment.TickCount64;
            Error.WriteLine($"{(ShowsProgress ? "\n" : "")}stopping: {whatHappens}; press Ctrl-C again to end at once");
            _interrupt.Cancel();
        });
    }

    /// <summary>What a Ctrl-C does, for tests and hosts without signals.</summary>
    public void Interrupt() => _interrupt.Cancel();

    /// <summary>Hands over what is buffered.</summary>
    /// <exception cref="IOException">Standard output cannot take it: a full disk behind a redirection. A reader that went away is no error.</exception>
    public void Deliver()
    {
        Output.Flush();
        Data?.Flush();
    }

    /// <summary>The last attempt at the end, which never throws.</summary>
    public void Flush()
    {
        try
        {
            Deliver();
            Error.Flush();
        }
        catch (IOException)
        {
            // A pipe into head closes early; there is nobody left to tell.
            HasLostReader = true;
        }
    }

    public void Dispose()
    {
        Flush();
        _signal?.Dispose();
        _interrupt.Dispose();
    }

    private static SilentWriter Silence(TextWriter behind) => new(behind);

    /// <summary>Drops what is written and remembers the writer, because <c>--quiet --json -</c> still prints the document.</summary>
    private sealed class SilentWriter(TextWriter behind) : TextWriter
    {
        public TextWriter Behind { get; } = behind;

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
        }

        public override void Write(string? value)
        {
        }

        public override void Write(char[] buffer, int index, int count)
        {
        }
    }
}
