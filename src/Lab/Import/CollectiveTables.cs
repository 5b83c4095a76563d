using Orrery.Traffic.Readers;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>
/// Tables of collectives alone. Vidur: <c>node/all_reduce</c> and <c>send_recv</c>, medians in milliseconds over bytes. APEX+:
/// <c>device/operation</c>, microseconds over KiB of the whole buffer.
/// </summary>
internal static class CollectiveTables
{
    public static readonly TableFormat[] Formats =
    [
        new("Vidur (network)", ["collective", "num_workers"], ReadNodes),
        new("APEX+ (comm)", ["size(kb)", "time(us)"], ReadApex),
    ];

    private const long Kibibyte = 1024;

    /// <summary>No machine of these tables has more devices; beyond it the columns of devices and sizes are exchanged.</summary>
    private const int MostPerMachine = 16;

    /// <summary>Publishers' spellings; null for an unknown one.</summary>
    public static CollectiveKind? Kind(string name) => name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal) switch
    {
        "allreduce" => CollectiveKind.AllReduce,
        "allgather" => CollectiveKind.AllGather,
        "reducescatter" => CollectiveKind.ReduceScatter,
        "alltoall" => CollectiveKind.AllToAll,
        "sendrecv" or "p2p" => CollectiveKind.PointToPoint,
        _ => null,
    };

    private static void ReadNodes(TableFile file, CsvReader csv, ImportSession session)
    {
        (int collective, int workers, int size, int perNode) =
            (csv.Require("collective"), csv.Require("num_workers"), csv.Require("size"), csv.Require("devices_per_node"));
        SetBuilder set = session.Set(file, file.Folder(1), "");
        TextColumn names = new();
        (string Name, CollectiveKind? Kind, int Column) current = ("", null, -1);
        while (csv.TryRead(out CsvRow row))
        {
            string name = names.Read(row, collective);
            if (name != current.Name) current = (name, Kind(name), csv.Require($"time_stats.{name}.median"));
            if (current.Kind is not { } kind)
            {
                set.Tally(file, $"the collective '{name}' is unknown; its rows are left out");
                continue;
            }
            int group = row.Size(workers);
            set.Collectives.Add(new(
                kind, file.Folder(1), group, Math.Min(group, row.Size(perNode)), row.Size(size), "nccl", row.Seconds(current.Column, RowFields.Milliseconds)));
        }
    }

    private static void ReadApex(TableFile file, CsvReader csv, ImportSession session)
    {
        (int nodes, int perNode, int size, int time) =
            (csv.Require("num_nodes"), csv.Require("num_gpus_per_node"), csv.Require("size(kb)"), csv.Require("time(us)"));
        int gpu = csv.Find("gpu");
        if (Kind(file.Stem) is not { } kind)
            throw csv.Error($"the file's name must tell the collective, such as all_reduce or sendrecv; '{file.Stem}' is none");
        TextColumn devices = new();
        List<(SetBuilder Set, int Nodes, CollectiveSample Sample)> rows = [];
        while (csv.TryRead(out CsvRow row))
        {
            SetBuilder set = session.Set(file, gpu >= 0 ? devices.Read(row, gpu) : file.Folder(1), "");
            (int machines, int group) = (row.Size(nodes), row.Size(perNode));
            long bytes = row.Size(size, 0) * Kibibyte;
            if (bytes == 0) set.Tally(file, "a size below 1 KB is written as 0; the row is left out");
            else rows.Add((set, machines, new(kind, "", machines * group, group, bytes, "nccl", row.Seconds(time, RowFields.Microseconds))));
        }
        // One run of the source printed two columns in the other's place: its rows share a size, and no machine has so many devices.
        HashSet<(int Nodes, long Bytes)> exchanged = [.. rows.Where(r => r.Sample.DevicesPerMachine > MostPerMachine).Select(r => (r.Nodes, r.Sample.Bytes))];
        foreach ((SetBuilder set, int machines, CollectiveSample sample) in rows)
        {
            if (exchanged.Contains((machines, sample.Bytes))) set.Tally(file, "num_gpus_per_node and size(kb) look exchanged; the row is left out");
            else set.Collectives.Add(sample);
        }
    }
}
