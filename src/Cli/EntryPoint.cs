using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Kernel;

namespace Orrery.Cli;

/// <summary>The whole program as one call: what the process and the tests run.</summary>
internal static class EntryPoint
{
    private static readonly ParserConfiguration Configuration = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        try
        {
            int code = Dispatch(args, terminal);
            Deliver(terminal);
            return code;
        }
        catch (InputException problem)
        {
            return Fail(terminal, problem.Message, ExitCode.BadInput);
        }
        catch (OperationCanceledException) when (terminal.Interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (IOException lost) when (terminal.HasLostReader || IsLostReader(lost))
        {
            // Whoever read our output has seen enough (a pipe into head): that is no error.
            return ExitCode.Done;
        }
        catch (Exception mistake) when (mistake is IOException or UnauthorizedAccessException)
        {
            return Fail(terminal, $"a file could not be written or read: {mistake.Message.TrimEnd('.')}; check the path and its permissions", ExitCode.BadInput);
        }
#pragma warning disable CA1031 // The last line of defence: a user never sees a stack trace.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            string report = CrashReport.Write(args, bug);
            return Fail(terminal, $"this is a mistake of the program ({bug.GetType().Name}); please report it with the file {report}", ExitCode.InternalError);
        }
        finally
        {
            terminal.Flush();
        }
    }

    private static int Dispatch(IReadOnlyList<string> args, Terminal terminal)
    {
        // The word that people try first: 'help' and 'help simulate' are '--help' and 'simulate --help'.
        if (args is ["help", ..]) args = [.. args.Skip(1), "--help"];
        var root = new ProgramRoot();
        ParseResult parsed = root.Parse(args, Configuration);
        if (parsed.GetValue(root.NoColor)) terminal.DropColor();
        bool isMistyped = parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count > 0;
        if (args.Count == 0 || (parsed.GetValue(root.Help) && !isMistyped))
        {
            HelpPage.Write(parsed.CommandResult, terminal.Output);
            return ExitCode.Done;
        }
        if (UsageErrors.Find(parsed) is { } mistake) throw new InputException(mistake);
        if (parsed.GetValue(root.Quiet)) terminal.BeQuiet();
        return ((Verb)parsed.CommandResult.Command).Run(parsed, terminal);
    }

    private static void Deliver(Terminal terminal)
    {
        try
        {
            terminal.Deliver();
        }
        catch (IOException full) when (!IsLostReader(full))
        {
            throw new InputException($"standard output could not be written: {full.Message.TrimEnd('.')}; free some space or send it elsewhere", full);
        }
    }

    /// <summary>EPIPE on Unix; ERROR_BROKEN_PIPE and ERROR_NO_DATA on Windows.</summary>
    private static bool IsLostReader(IOException failure)
    {
        const int brokenPipeUnix = 32, brokenPipeWindows = unchecked((int)0x8007006D), noDataWindows = unchecked((int)0x800700E8);
        return failure.HResult is brokenPipeUnix or brokenPipeWindows or noDataWindows;
    }

    private static int Fail(Terminal terminal, string sentence, int code)
    {
        terminal.Error.WriteLine(sentence);
        return code;
    }
}
