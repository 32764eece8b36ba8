//! Where everything goes for a given size. Pure numbers: `App` moves by them and the views draw by them.
//!
//! ```text
//! header        1 line
//! tabs          1 line, below TALL lines none
//! devices       panes, table or wall, as high as they need
//! feeds         three side by side, or one with tabs below SIDE_BY_SIDE columns
//! progress      1 line while something takes a while
//! footer        1 line
//! ```
//! Below `TALL` lines only one of devices and feeds is shown: the one with the focus.

mod columns;
mod grid;

pub use columns::{MARK, Placed, place};
pub use grid::{Form, Grid, Shape};

use ratatui::layout::Rect;

/// The smallest terminal that is of use.
pub const SMALLEST: (u16, u16) = (40, 10);
/// A pane is never narrower than this.
const PANE_WIDTH: u16 = 40;
/// Two borders and four lines.
const PANE_HEIGHT: u16 = 6;
/// A pane has no more to say than fits in this height.
const PANE_HEIGHT_MAX: u16 = 8;
/// From this width on the three feeds stand side by side.
pub const SIDE_BY_SIDE: u16 = 105;
/// From this height on devices and feeds are on the screen together.
const TALL: u16 = 16;

/// The regions of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regions {
    /// The first line.
    pub header: Rect,
    /// The names of the pages; empty where lines are few.
    pub tabs: Rect,
    /// The devices; empty if only the feeds are shown.
    pub devices: Rect,
    /// The feeds; empty if only the devices are shown.
    pub feeds: Rect,
    /// The line of what takes a while; empty while nothing does.
    pub progress: Rect,
    /// The last line.
    pub footer: Rect,
    /// How the devices are arranged.
    pub grid: Grid,
}

/// Whether the terminal is too small.
#[must_use]
pub const fn too_small(area: Rect) -> bool {
    area.width < SMALLEST.0 || area.height < SMALLEST.1
}

impl Regions {
    /// Divides `area` for `devices` devices; `feed_focus` says which region is shown where there is room for one only.
    #[must_use]
    pub fn new(area: Rect, devices: usize, shape: Shape, feed_focus: bool) -> Self {
        let header = Rect { height: area.height.min(1), ..area };
        let tabs = Rect { y: header.bottom(), height: tabs(area), ..area };
        let footer = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
        let progress = Rect { height: 0, ..footer };
        let body = body(area);
        let both = area.height >= TALL;
        let for_feeds = if both { (body.height / 3).max(6) } else { 0 };
        let most = body.height - for_feeds;

        let (grid, needed) = Grid::new(area.width, most, devices, shape, !both);

        let (devices, feeds) = if both {
            let upper = Rect { height: needed.min(most), ..body };
            (upper, Rect { y: upper.bottom(), height: body.height - upper.height, ..body })
        } else if feed_focus {
            (Rect { height: 0, ..body }, body)
        } else {
            (body, Rect { height: 0, ..body })
        };
        Self { header, tabs, devices, feeds, progress, footer, grid }
    }

    /// The same in the upper part of a screen, with the line of what takes a while between it and the footer at `bottom`.
    #[must_use]
    pub fn above(self, bottom: u16) -> Self {
        let Rect { y, .. } = self.footer;
        if y >= bottom {
            return self;
        }
        Self { progress: self.footer, footer: Rect { y: bottom, ..self.footer }, ..self }
    }

    /// Where the pane in `row` and `column` of the visible grid is. Panes share the width as evenly as columns allow.
    #[must_use]
    pub fn pane(&self, row: usize, column: usize) -> Rect {
        let columns = self.grid.columns.max(1);
        let edge = |at: usize| {
            let offset = usize::from(self.devices.width) * at / columns;
            self.devices.x + u16::try_from(offset).unwrap_or(self.devices.width)
        };
        let top = u16::try_from(row).unwrap_or(u16::MAX).saturating_mul(self.grid.pane_height);
        let rect = Rect {
            x: edge(column),
            y: self.devices.y.saturating_add(top),
            width: edge(column + 1) - edge(column),
            height: self.grid.pane_height,
        };
        rect.intersection(self.devices)
    }
}

/// What is left of a screen for everything but the line of what takes a while.
#[must_use]
pub const fn room(area: Rect, progress: bool) -> Rect {
    // Header, footer, and the smallest body there is to be.
    if progress && area.height >= SMALLEST.1 { Rect { height: area.height - 1, ..area } } else { area }
}

/// How many lines the tabs take.
const fn tabs(area: Rect) -> u16 {
    if area.height < TALL { 0 } else { 1 }
}

/// What lies between header, tabs and footer.
#[must_use]
pub const fn body(area: Rect) -> Rect {
    let above = 1 + tabs(area);
    Rect { x: area.x, y: area.y + above, width: area.width, height: area.height.saturating_sub(above + 1) }
}

/// A lesson that plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonRegions {
    /// What [`Regions`] divide for the fleet; `None` where there is no room for it.
    pub stage: Option<Rect>,
    /// The text.
    pub text: Rect,
}

/// Divides `area`: the text at the side of the fleet, or below it; where lines are few, the text alone.
#[must_use]
pub fn lesson(area: Rect) -> LessonRegions {
    let body = body(area);
    if area.height < TALL {
        return LessonRegions { stage: None, text: body };
    }
    if area.width >= SIDE_BY_SIDE {
        let width = (area.width * 2 / 5).clamp(PANE_WIDTH + 4, 72);
        let text = Rect { x: area.right() - width, width, ..body };
        return LessonRegions { stage: Some(Rect { width: area.width - width, ..area }), text };
    }
    // One row of panes at least.
    let fleet = (body.height * 2 / 5).max(PANE_HEIGHT);
    let text = Rect { y: body.y + fleet, height: body.height - fleet, ..body };
    // With a header, tabs and a footer around it that nobody sees.
    let tabs = u16::from(fleet + 3 >= TALL);
    let stage = Rect { y: body.y - 1 - tabs, height: fleet + 2 + tabs, ..area };
    LessonRegions { stage: Some(stage), text }
}

/// The page of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesRegions {
    /// The list of rules; empty where lines are few, and for a single rule, which is all there below it.
    pub list: Rect,
    /// The rules of the list that are visible; at least 1.
    pub rows: usize,
    /// The selected rule.
    pub rule: Rect,
}

/// Divides the body of `area` for `rules` rules: the list takes about a third at most.
#[must_use]
pub fn rules(area: Rect, rules: usize) -> RulesRegions {
    let body = body(area);
    // Two borders and a line of titles.
    let wanted = u16::try_from(rules.saturating_add(3)).unwrap_or(u16::MAX);
    let height = if area.height < TALL || rules < 2 { 0 } else { wanted.min((body.height / 3).max(5)) };
    let list = Rect { height, ..body };
    let rule = Rect { y: list.bottom(), height: body.height - height, ..body };
    RulesRegions { list, rows: usize::from(height.saturating_sub(3)).max(1), rule }
}

/// The page of incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentsRegions {
    /// The list.
    pub list: Rect,
    /// The incidents that are visible; at least 1.
    pub rows: usize,
    /// The selected one as a sequence; empty where lines are few.
    pub sequence: Rect,
}

/// Divides the body of `area`: where there are lines for both, the selected incident is told below the list.
#[must_use]
pub fn incidents(area: Rect) -> IncidentsRegions {
    /// A story of eight steps and their sentences.
    const STORY: u16 = 20;
    let body = body(area);
    let height = if body.height < STORY + 12 { body.height } else { (body.height / 3).max(10) };
    let list = Rect { height, ..body };
    let sequence = Rect { y: list.bottom(), height: body.height - height, ..body };
    // Two borders and a line of titles.
    IncidentsRegions { list, rows: usize::from(height.saturating_sub(3)).max(1), sequence }
}

/// The page of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesRegions {
    /// The list.
    pub list: Rect,
    /// The lines that are visible; at least 1.
    pub rows: usize,
    /// The selected message; empty where lines are few.
    pub message: Rect,
}

/// Divides the body of `area`: where there are lines for both, the selected message stands below the list.
#[must_use]
pub fn messages(area: Rect) -> MessagesRegions {
    let body = body(area);
    let height = if area.height < TALL { body.height } else { body.height - (body.height * 2 / 5).clamp(6, 18) };
    let list = Rect { height, ..body };
    let message = Rect { y: list.bottom(), height: body.height - height, ..body };
    MessagesRegions { list, rows: usize::from(height.saturating_sub(2)).max(1), message }
}

/// The page of wills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WillsRegions {
    /// The list.
    pub list: Rect,
    /// The lines that are visible; at least 1.
    pub rows: usize,
    /// The selected will; empty where lines are few.
    pub will: Rect,
}

impl WillsRegions {
    /// The list as a grid of one column.
    #[must_use]
    pub const fn grid(&self) -> Grid {
        Grid::lines(self.rows)
    }
}

/// Divides the body of `area` like that of the messages; the list has a line of titles.
#[must_use]
pub fn wills(area: Rect) -> WillsRegions {
    let MessagesRegions { list, message, .. } = messages(area);
    WillsRegions { list, rows: usize::from(list.height.saturating_sub(3)).max(1), will: message }
}

/// A pop-up of at most `width` × `height` in the middle of `area`.
#[must_use]
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(width: u16, height: u16, devices: usize) -> Regions {
        Regions::new(Rect::new(0, 0, width, height), devices, Shape::Auto, false)
    }

    #[test]
    fn tens_are_panes_hundreds_a_table_and_thousands_a_wall() {
        let forms = |width, height, devices: &[usize]| {
            devices.iter().map(|count| at(width, height, *count).grid.form).collect::<Vec<_>>()
        };
        assert_eq!(forms(80, 24, &[0, 3, 12, 13]), [Form::Panes, Form::Panes, Form::Panes, Form::Table]);
        assert_eq!(forms(140, 40, &[36, 37, 999, 1_000]), [Form::Panes, Form::Table, Form::Table, Form::Wall]);
        assert_eq!(forms(40, 10, &[1, 2, 999, 100_000]), [Form::Panes, Form::Table, Form::Table, Form::Wall]);
        // Where a table has room for so many lines that twenty screens are more than a thousand.
        assert_eq!(forms(300, 100, &[1_000, 2_000]), [Form::Table, Form::Wall]);
    }

    #[test]
    fn the_cells_of_a_wall_stand_inside_its_border() {
        for (width, height) in [(40, 10), (80, 24), (140, 40), (220, 60)] {
            for devices in [1, 30, 1_000, 100_000] {
                let regions = Regions::new(Rect::new(0, 0, width, height), devices, Shape::Wall, false);
                let Grid { columns, rows, .. } = regions.grid;
                let (x, y) = Grid::cell(regions.devices, rows - 1, columns - 1);
                // One line below them is for words.
                assert!(x + 2 < regions.devices.right() && y + 2 < regions.devices.bottom(), "{regions:?}");
                assert!(devices < 1_000 || columns * rows > 150, "{regions:?}");
            }
        }
    }

    #[test]
    fn the_regions_fill_the_screen_and_nothing_more() {
        for width in 40..=200 {
            for height in 10..=80 {
                for devices in [0, 1, 5, 60, 1_000] {
                    for shape in [Shape::Auto, Shape::Panes, Shape::Table, Shape::Wall] {
                        let area = Rect::new(0, 0, width, height);
                        let regions = Regions::new(area, devices, shape, false);
                        let sum = 2 + regions.tabs.height + regions.devices.height + regions.feeds.height;
                        assert_eq!(sum, height, "{width}x{height}, {devices}, {shape:?}");
                        let grid = regions.grid;
                        assert!(grid.rows >= 1 && grid.columns >= 1);
                        for column in 0..grid.columns {
                            let panes = grid.form == Form::Panes;
                            assert!(!panes || regions.pane(grid.rows - 1, column).width >= 40.min(width));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_low_terminal_shows_what_has_the_focus() {
        let area = Rect::new(0, 0, 80, 12);
        assert_eq!(Regions::new(area, 3, Shape::Auto, false).feeds.height, 0);
        assert_eq!(Regions::new(area, 3, Shape::Auto, true).devices.height, 0);
    }

    #[test]
    fn a_lesson_shares_the_body_between_fleet_and_text() {
        for width in 40..=240 {
            for height in 10..=90 {
                let area = Rect::new(0, 0, width, height);
                let LessonRegions { stage, text } = lesson(area);
                assert!(
                    text.height >= 7 && text.width >= 40 && body(area).union(text) == body(area),
                    "{area:?}: {text:?}"
                );
                let Some(stage) = stage else { continue };
                let regions = Regions::new(stage, 3, Shape::Auto, false);
                for part in [regions.devices, regions.feeds] {
                    let apart = part.is_empty() || part.intersection(text).is_empty();
                    assert!(apart && body(area).union(part) == body(area), "{area:?}: {part:?} and {text:?}");
                }
                assert!(regions.devices.height >= PANE_HEIGHT, "{area:?}");
            }
        }
    }
}
