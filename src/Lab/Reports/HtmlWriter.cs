using System.Net;
using System.Text;

namespace Orrery.Lab.Reports;

/// <summary>Builds a page; every text that is not a literal of this project goes through <see cref="Text"/>, which escapes it.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder _page = new();

    /// <summary>Markup as it stands.</summary>
    public HtmlWriter Raw(string markup)
    {
        _page.Append(markup);
        return this;
    }

    /// <summary>Words, escaped; good inside attributes with double quotes too.</summary>
    public HtmlWriter Text(string words)
    {
        _page.Append(WebUtility.HtmlEncode(words));
        return this;
    }

    /// <summary>One element without attributes around escaped words.</summary>
    public HtmlWriter Element(string name, string words) => Raw($"<{name}>").Text(words).Raw($"</{name}>");

    public override string ToString() => _page.ToString();
}
