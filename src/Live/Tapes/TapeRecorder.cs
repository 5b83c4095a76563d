using System.Buffers;
using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Serving.Execution;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tapes;

/// <summary>Writes a tape while a process runs. What was written stays readable when the process is killed.</summary>
public sealed class TapeRecorder : ITapeSink, IDisposable
{
    private const int FlushBytes = 1 << 15;
    private static readonly TimeSpan FlushAfter = TimeSpan.FromSeconds(1);

    private readonly Stream _stream;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushBytes);
    private readonly Utf8JsonWriter _json;
    private readonly List<Watcher> _watchers = [];
    private Instant _now = Instant.Zero;
    private bool _instantIsWritten = true;

    /// <param name="stream">Disposed of with this.</param>
    /// <param name="time">When to write; null takes the system's.</param>
    public TapeRecorder(Stream stream, TimeProvider? time = null)
    {
        _stream = stream;
        _json = new(_line, new JsonWriterOptions { SkipValidation = true });
        _json.WriteStartObject();
        _json.WriteString("schema", TapeFormat.Schema);
        EndLine();
        Flush();
        // Beside the loop: an idle process writes too, and what a killed one had a second ago is there.
        _timer = (time ?? TimeProvider.System).CreateTimer(static tape => ((TapeRecorder)tape!).Flush(), this, FlushAfter, FlushAfter);
    }

    /// <summary>Starts a tape in a new file.</summary>
    /// <exception cref="InputException">The file exists, or cannot be written.</exception>
    public static TapeRecorder Create(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            return new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new InputException($"{path}: exists already; name a new file for the tape");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: cannot be written: {failure.Message}", failure);
        }
    }

    /// <summary>Why the tape ends early, as on a disk that is full; null while it is whole.</summary>
    public string? Lost { get; private set; }

    public void OnInstant(Instant at)
    {
        // A batch that left no other line has one of its own, and so has the beginning of a second batch of one instant.
        if (!_instantIsWritten) Tick();
        if (at == _now) Tick();
        _now = at;
        _instantIsWritten = false;
    }

    public IStepObserver Started(int model, LiveDesign design)
    {
        ArgumentNullException.ThrowIfNull(design);
        if (model != _watchers.Count) throw new ArgumentException($"model {model} was started as number {_watchers.Count}", nameof(model));
        _json.WriteStartObject();
        _json.WriteNumber("m", model);
        _json.WriteString("start", YamlText.Write(TapeFormat.ToNode(design)));
        EndLine();
        Watcher watcher = new(this, model);
        _watchers.Add(watcher);
        return watcher;
    }

    public void Arrived(int model, Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Begin(model, "arrive");
        _json.WriteStartObject();
        _json.WriteNumber("id", request.Id);
        _json.WriteNumber("prompt", request.PromptTokens);
        _json.WriteNumber("output", request.OutputTokens);
        if (request.MaxTokens != 0) _json.WriteNumber("max", request.MaxTokens);
        if (request.Client != 0) _json.WriteNumber("client", request.Client);
        if (request.Priority != 0) _json.WriteNumber("priority", request.Priority);
        if (request.Adapter >= 0) _json.WriteNumber("adapter", request.Adapter);
        if (!request.Timeout.IsInfinite) _json.WriteNumber("timeout", request.Timeout.Nanoseconds);
        if (request.Content is { } content)
        {
            _json.WriteStartArray("content");
            foreach (TokenSpan span in content)
            {
                _json.WriteNumberValue(span.ContentId);
                _json.WriteNumberValue(span.Tokens);
            }
            _json.WriteEndArray();
        }
        if (request.Calls is { } calls)
        {
            _json.WriteStartArray("calls");
            foreach (ToolCall call in calls)
            {
                _json.WriteNumberValue(call.AfterTokens);
                _json.WriteNumberValue(call.Duration.Nanoseconds);
                _json.WriteNumberValue(call.ReturnTokens);
            }
            _json.WriteEndArray();
        }
        _json.WriteEndObject();
        EndLine();
    }

    public void Cancelled(int model, Sequence sequence, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        Begin(model, "cancel");
        _json.WriteNumberValue(sequence.Id);
        _json.WriteString("as", ChoiceNames.Of(outcome));
        EndLine();
    }

    public void Proposed(int model, Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        _watchers[model].Proposed.Add(sequence.Id);
    }

    public void Completing(int model, StepRun run, ReadOnlySpan<StepYield> yields)
    {
        Begin(model, "end");
        _json.WriteStartObject();
        bool any = false;
        foreach (ref readonly StepYield yield in yields)
        {
            if (yield.Accepted == 0) continue;
            if (!any) _json.WriteStartArray("accepted");
            any = true;
            _json.WriteNumberValue(yield.Sequence.Id);
            _json.WriteNumberValue(yield.Accepted);
        }
        if (any) _json.WriteEndArray();
        any = false;
        foreach (ref readonly StepYield yield in yields)
        {
            if (yield.EndsAt < 0) continue;
            if (!any) _json.WriteStartArray("final");
            any = true;
            _json.WriteNumberValue(yield.Sequence.Id);
            _json.WriteNumberValue(yield.EndsAt);
        }
        if (any) _json.WriteEndArray();
        _json.WriteEndObject();
        EndLine();
    }

    public void Left(int model, Sequence sequence)
    {
        Begin(model, "left");
        LeftRecord.Of(sequence).Write(_json);
        EndLine();
    }

    /// <summary>Ends the tape.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        if (!_instantIsWritten) Tick();
        _json.WriteStartObject();
        _json.WriteNumber("t", _now.Nanoseconds);
        _json.WriteBoolean("stop", true);
        EndLine();
        Flush();
        _json.Dispose();
        try
        {
            _stream.Dispose();
        }
        catch (IOException failure)
        {
            Lost ??= failure.Message;
        }
    }

    private void Tick()
    {
        _json.WriteStartObject();
        _json.WriteNumber("t", _now.Nanoseconds);
        EndLine();
        _instantIsWritten = true;
    }

    private void Begin(int model, string what)
    {
        _instantIsWritten = true;
        _json.WriteStartObject();
        _json.WriteNumber("t", _now.Nanoseconds);
        _json.WriteNumber("m", model);
        _json.WritePropertyName(what);
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        bool isFull;
        lock (_gate)
        {
            _buffer.Write(_line.WrittenSpan);
            _buffer.Write("\n"u8);
            isFull = _buffer.WrittenCount >= FlushBytes;
        }
        _line.ResetWrittenCount();
        if (isFull) Flush();
    }

    /// <summary>Writes what there is. Safe on any thread.</summary>
    public void Flush()
    {
        lock (_gate) Write();
    }

    private void Write()
    {
        try
        {
            if (Lost is null)
            {
                _stream.Write(_buffer.WrittenSpan);
                _stream.Flush();
            }
        }
        catch (IOException failure)
        {
            // The service goes on without its tape.
            Lost = failure.Message;
        }
        _buffer.ResetWrittenCount();
    }

    private sealed class Watcher(TapeRecorder tape, int model) : IStepObserver
    {
        public List<long> Proposed { get; } = [];

        public void Planned(Replica replica, StepPlan plan)
        {
            tape.Begin(model, "plan");
            PlanRecord.Write(tape._json, replica, plan, Proposed);
            tape.EndLine();
            Proposed.Clear();
        }

        public void Ended(Replica replica, StepRun run)
        {
        }
    }
}
