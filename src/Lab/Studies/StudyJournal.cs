using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Serving.Fleets;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Lab.Studies;

/// <summary>
/// What a study has finished, one line of JSON per run, appended and flushed to the disk as each run ends. A kill can tear only the last
/// line; opening cuts it off, and its run is done again.
/// </summary>
/// <remarks>A line counts only for the same run (scenario with every default, seed) under the same build of the program.</remarks>
internal sealed class StudyJournal : IDisposable
{
    public const string FileName = "journal.jsonl";

    private readonly Dictionary<string, RunRecord> _finished;
    private readonly FileStream? _file;
    private readonly Lock _lock = new();

    private StudyJournal(Dictionary<string, RunRecord> finished, FileStream? file)
    {
        _finished = finished;
        _file = file;
    }

    private static string Build { get; } = string.Join(
        ' ', new[] { typeof(StudyJournal), typeof(Fleet), typeof(Request), typeof(ICostModel), typeof(Documents.Node), typeof(InputException) }
            .Select(type => type.Module.ModuleVersionId.ToString("N")));

    /// <param name="folder">Made when missing; null keeps the journal in memory only.</param>
    /// <exception cref="InputException">The folder cannot be used, or another study is writing there.</exception>
    public static StudyJournal Open(string? folder)
    {
        var finished = new Dictionary<string, RunRecord>(StringComparer.Ordinal);
        if (folder is null) return new(finished, null);
        string path = Path.Combine(folder, FileName);
        try
        {
            Directory.CreateDirectory(folder);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(Read(file, finished));
            file.Seek(0, SeekOrigin.End);
            return new(finished, file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the study's journal cannot be written: {failure.Message}; name another --out folder", failure);
        }
    }

    /// <summary>The name of a run in the journal.</summary>
    public static string KeyOf(PreparedRun run) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Build}\n{run.Seed}\n{run.Identity}")));

    public RunRecord? Find(string key)
    {
        lock (_lock) return _finished.GetValueOrDefault(key);
    }

    public void Add(string key, RunRecord record)
    {
        lock (_lock)
        {
            _finished[key] = record;
            if (_file is null) return;
            byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(new(key, record), JournalContext.Default.JournalLine), (byte)'\n'];
            _file.Write(line);
            _file.Flush(flushToDisk: true);
        }
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>Reads all whole lines, the last of a run winning; returns where they end.</summary>
    private static long Read(FileStream file, Dictionary<string, RunRecord> finished)
    {
        var content = new byte[file.Length];
        file.ReadExactly(content);
        int start = 0;
        for (int end = content.AsSpan().IndexOf((byte)'\n'); end >= 0; end = content.AsSpan(start).IndexOf((byte)'\n'))
        {
            ReadOnlySpan<byte> line = content.AsSpan(start, end);
            start += end + 1;
            try
            {
                if (JsonSerializer.Deserialize(line, JournalContext.Default.JournalLine) is { Record: not null } entry)
                    finished[entry.Key] = entry.Record;
            }
            catch (JsonException)
            {
                // Somebody else's line, or a damaged one: its run is simply not known to be finished.
            }
        }
        return start;
    }
}

internal sealed record JournalLine(string Key, RunRecord Record);

/// <summary>Doubles are written so that they read back to the same bits.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalContext : JsonSerializerContext;
