using Orrery.Cli.Tables;

namespace Orrery.Cli.Catalogues;

/// <summary>One kind of built-in thing: how its table looks and what one entry tells.</summary>
/// <typeparam name="T">The entry.</typeparam>
internal sealed record CatalogKind<T>
{
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>Read only when the table or an entry is asked for.</summary>
    public required Func<IReadOnlyList<T>> All { get; init; }

    /// <summary>By name or alias; an unknown name is the user's mistake, with the nearest.</summary>
    public required Func<string, T> Find { get; init; }

    public required Func<T, string[]> Row { get; init; }

    public required Func<T, IReadOnlyList<Fact>> Facts { get; init; }

    /// <summary>Options with defaults and sources, for plug-ins.</summary>
    public Func<T, IReadOnlyList<Option>> Options { get; init; } = _ => [];

    /// <summary>One line below the table.</summary>
    public string Note { get; init; } = "";

    /// <summary>One option of a plug-in as the detail page shows it.</summary>
    public sealed record Option(string Key, string Type, string Default, string Doc, string Source);
}
